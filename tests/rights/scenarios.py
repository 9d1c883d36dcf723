"""What an operator does in its life, each in a namespace of its own: together they take all of its rights."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from integration.operator.api import eventually
from integration.operator.objects import SUCCEEDED
from integration.operator.stage import Stage, foreign_job, quota, spec
from integration.operator.tokens import issued
from segcompress_api.contract import RUN_CONFIG_ANNOTATION, RunConfig
from segcompress_api.progress import ProgressReport
from segcompress_api.progress import Stage as RunStage
from segcompress_runner.reporting import OperatorClient

LEASE_SECONDS = 3
"""The shortest that there is."""

Act = Callable[[Stage, Path], None]


@dataclass(frozen=True)
class Scenario:
    """What is done, and must come to its end; `act` raises AssertionError where it does not."""

    name: str
    act: Act


def _succeeds(stage: Stage, _: Path) -> None:
    stage.apply(spec(ttlSecondsAfterFinished=3600))
    stage.exits(stage.runs(), 0, SUCCEEDED)
    stage.reaches("Complete", "Succeeded")


def _keeps_the_ttl(stage: Stage, folder: Path) -> None:
    _succeeds(stage, folder)
    eventually(
        lambda: any("ttlSecondsAfterFinished" in job["spec"] for job in stage.jobs()),
        "the ttl of a finished Job",
        stage.patience,
    )


def _tells(stage: Stage, folder: Path) -> None:
    _succeeds(stage, folder)
    eventually(
        lambda: any(event["reason"] == "Succeeded" for event in stage.events()),
        "an Event of the end",
        stage.patience,
    )


def _suspends(stage: Stage, _: Path) -> None:
    stage.apply(spec())
    stage.runs()
    stage.edit(suspend=True)
    stage.reaches("Suspended", "Suspended")
    eventually(lambda: not stage.jobs(), "the Job gone", stage.patience)


def _finds_a_name_taken(stage: Stage, _: Path) -> None:
    name = foreign_job(stage, suspend=True)
    stage.reaches("Suspended", "Suspended")
    stage.edit(suspend=False)
    assert name in stage.reaches("Failed", "NameConflict")["message"]


def _waits_for_a_quota(stage: Stage, _: Path) -> None:
    quota(stage, {"pods": "0"})
    stage.apply(spec())
    stage.waits("QuotaExceeded")


def _leads_on(stage: Stage, _: Path) -> None:
    time.sleep(3 * LEASE_SECONDS)  # a Lease that is not renewed is over
    stage.apply(spec())
    stage.waits("Pending")


def _hears_of_progress(stage: Stage, folder: Path) -> None:
    stage.apply(spec())
    pod = stage.runs()
    config = RunConfig.model_validate_json(pod["metadata"]["annotations"][RUN_CONFIG_ANNOTATION])
    token = folder / f"{stage.namespace}.token"
    token.write_text(issued(stage.api, pod))
    if config.progress is None:
        raise AssertionError("the pod is told nowhere to report to")
    client = OperatorClient(config.progress, pod["metadata"]["uid"], token)
    report = ProgressReport(stage=RunStage.COMPRESS, step=40, total_steps=100)

    def heard() -> bool:
        try:
            client.send(report)
        except OSError:
            return False
        return True

    eventually(heard, "a report taken in", stage.patience)
    eventually(lambda: stage.status().get("progress"), "progress", stage.patience)


SCENARIOS = (
    Scenario("a run succeeds", _succeeds),
    Scenario("its Job is kept for the ttl", _keeps_the_ttl),
    Scenario("its end is told by an Event", _tells),
    Scenario("a run is suspended", _suspends),
    Scenario("another has the Job's name", _finds_a_name_taken),
    Scenario("a quota keeps its pod away", _waits_for_a_quota),
    Scenario("the leader renews its Lease", _leads_on),
    Scenario("a pod reports its progress", _hears_of_progress),
)
