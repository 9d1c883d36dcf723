"""What an operator does in its life, each in a namespace of its own: together they take all of its rights."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from itertools import count
from pathlib import Path
from urllib.request import urlopen

from integration.operator.api import eventually
from integration.operator.objects import SUCCEEDED, resource
from integration.operator.stage import Stage, foreign_job, quota, spec
from integration.operator.sweep_stage import SweepStage, sweep_spec
from integration.operator.tokens import issued
from segcompress_api.contract import RUN_CONFIG_ANNOTATION, RunConfig
from segcompress_api.naming import trial_name
from segcompress_api.progress import ProgressReport
from segcompress_api.progress import Stage as RunStage
from segcompress_operator.resources.names import JOB_NAME_LABEL
from segcompress_operator.watching.stream import LONGEST_DELAY_SECONDS
from segcompress_runner.reporting import OperatorClient

LEASE_SECONDS = 3
"""The shortest that there is."""

STEADY_SECONDS = 2 * LONGEST_DELAY_SECONDS
"""A kind that cannot be watched is listed anew within half of it."""


@dataclass(frozen=True)
class Help:
    """What a scenario has besides its namespace.

    A folder, where the operator says that it is ready, and the namespace and name of its Service.
    """

    folder: Path
    ready: str
    service: str


_LOOK_SECONDS = 0.05
_RUN_SECONDS = 1.0
Act = Callable[[Stage, Help], None]


@dataclass(frozen=True)
class Scenario:
    """What is done, and must come to its end; `act` raises AssertionError where it does not."""

    name: str
    act: Act


def _succeeds(stage: Stage, _: Help) -> None:
    stage.apply(spec(ttlSecondsAfterFinished=3600))
    stage.exits(stage.runs(), 0, SUCCEEDED)
    stage.reaches("Complete", "Succeeded")


def _keeps_the_ttl(stage: Stage, help_: Help) -> None:
    _succeeds(stage, help_)
    eventually(
        lambda: any("ttlSecondsAfterFinished" in job["spec"] for job in stage.jobs()),
        "the ttl of a finished Job",
        stage.patience,
    )


def _tells(stage: Stage, help_: Help) -> None:
    _succeeds(stage, help_)
    eventually(
        lambda: any(event["reason"] == "Succeeded" for event in stage.events()),
        "an Event of the end",
        stage.patience,
    )


def _suspends(stage: Stage, _: Help) -> None:
    stage.apply(spec())
    stage.runs()
    stage.edit(suspend=True)
    stage.reaches("Suspended", "Suspended")
    eventually(lambda: not stage.jobs(), "the Job gone", stage.patience)


def _finds_a_name_taken(stage: Stage, _: Help) -> None:
    name = foreign_job(stage, suspend=True)
    stage.reaches("Suspended", "Suspended")
    stage.edit(suspend=False)
    assert name in stage.reaches("Failed", "NameConflict")["message"]


def _waits_for_a_quota(stage: Stage, _: Help) -> None:
    quota(stage, {"pods": "0"})
    stage.apply(spec())
    stage.waits("QuotaExceeded")


def _searches(stage: Stage, _: Help) -> None:
    sweep = _sweep_of(stage)
    sweep.apply(sweep_spec())
    eventually(lambda: len(sweep.trials()) == 2, "two trials", stage.patience)
    eventually(lambda: sweep.status().get("trials", {}).get("total") == 2, "its status", stage.patience)


def _suspends_its_trials(stage: Stage, help_: Help) -> None:
    _searches(stage, help_)
    sweep = _sweep_of(stage)
    sweep.edit(suspend=True)
    eventually(
        lambda: all(trial["spec"]["suspend"] for trial in sweep.trials()),
        "its trials suspended",
        stage.patience,
    )


def _finds_a_trial_s_name_taken(stage: Stage, _: Help) -> None:
    sweep = _sweep_of(stage)
    uid = sweep.apply(sweep_spec(suspend=True))["metadata"]["uid"]
    name = trial_name(sweep.name, uid, 0)
    stage.api.create("scj", stage.namespace, resource(name, spec(suspend=True)))
    sweep.edit(suspend=False)
    eventually(
        lambda: sweep.condition("Failed").get("reason") == "NameConflict", "a conflict", stage.patience
    )


def _sweep_of(stage: Stage) -> SweepStage:
    return SweepStage(stage.api, stage.namespace)


def _leads_on(stage: Stage, _: Help) -> None:
    time.sleep(3 * LEASE_SECONDS)  # a Lease that is not renewed is over
    stage.apply(spec())
    stage.waits("Pending")


def _hears_of_progress(stage: Stage, help_: Help) -> None:
    stage.apply(spec())
    pod = stage.runs()
    config = RunConfig.model_validate_json(pod["metadata"]["annotations"][RUN_CONFIG_ANNOTATION])
    token = help_.folder / f"{stage.namespace}.token"
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


def _follows_its_service(stage: Stage, help_: Help) -> None:
    """Make the operator's Service, and then runs until the pod of one is told where that is."""
    namespace, _, name = help_.service.partition("/")
    body = {"metadata": {"name": name}, "spec": {"ports": [{"port": 8443}]}}
    made = stage.api.request("POST", f"/api/v1/namespaces/{namespace}/services", body)
    aliased = [made["spec"]["clusterIP"]]
    numbers = count()

    def told() -> bool:
        run = Stage(stage.api, stage.namespace, f"demo-{next(numbers)}", stage.patience)
        run.apply(spec())
        query = f"labelSelector={JOB_NAME_LABEL}={run.name}"
        jobs = eventually(lambda: stage.api.list("jobs", stage.namespace, query), "a Job", stage.patience)
        time.sleep(_RUN_SECONDS)
        return [each["ip"] for each in jobs[0]["spec"]["template"]["spec"].get("hostAliases", ())] == aliased

    eventually(told, "a pod that is told the Service's address", stage.patience)


def _is_ready(stage: Stage, help_: Help) -> None:
    """Ask until it is ready, and then for a while whether it stays so."""
    eventually(lambda: _answers(help_.ready), "a ready operator", stage.patience)
    end = time.monotonic() + STEADY_SECONDS
    while time.monotonic() < end:
        assert _answers(help_.ready), "ready no more"
        time.sleep(_LOOK_SECONDS)


def _answers(url: str) -> bool:
    try:
        with urlopen(url) as answer:  # noqa: S310 - the operator's own
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


SCENARIOS = (
    Scenario("the operator is ready", _is_ready),
    Scenario("a run succeeds", _succeeds),
    Scenario("its Job is kept for the ttl", _keeps_the_ttl),
    Scenario("an Event reports its end", _tells),
    Scenario("a run is suspended", _suspends),
    Scenario("the Job's name is taken", _finds_a_name_taken),
    Scenario("a quota refuses its pod", _waits_for_a_quota),
    Scenario("a sweep creates trials", _searches),
    Scenario("a sweep suspends its trials", _suspends_its_trials),
    Scenario("the trial's name is taken", _finds_a_trial_s_name_taken),
    Scenario("the leader renews its Lease", _leads_on),
    Scenario("a pod reports its progress", _hears_of_progress),
    Scenario("pods get the address of its Service", _follows_its_service),
)
