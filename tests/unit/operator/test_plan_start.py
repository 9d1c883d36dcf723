"""When a run starts, and what keeps it from starting."""

from datetime import timedelta
from typing import Any

import pytest

from segcompress_operator.planning.job import LOOK_AGAIN_SECONDS
from segcompress_operator.planning.plan import Observed, Plan, Refusal
from segcompress_operator.settings import Allowed, RunnerSettings
from unit.operator.planned import failure, plan, reconciling
from unit.operator.samples import (
    JOB,
    NOW,
    at,
    make_job,
    running_pod,
    spec_with,
)


def test_new_resource_gets_a_job_and_a_second_look() -> None:
    made = plan(Observed())
    assert made.create is not None
    assert made.create["metadata"]["name"] == JOB
    assert made.status is None
    assert made.requeue_after == 1.0


def test_resource_being_deleted_gets_nothing() -> None:
    assert plan(Observed(), deletionTimestamp=at(0)) == Plan()


def test_lost_second_start_is_made_again_as_second() -> None:
    made = plan(Observed(), status={"jobName": JOB[:-1] + "2"})
    assert made.create is not None
    assert made.create["metadata"]["name"] == JOB[:-1] + "2"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"spec": spec_with(storage=None)}, "spec.storage", id="no storage"),
        pytest.param(
            {"spec": spec_with(output={"uri": "file:///tmp/x/"})}, "spec.output.uri", id="file address"
        ),
        pytest.param({"spec": spec_with(strategi={})}, "spec.strategi", id="unknown key"),
        pytest.param(
            {"spec": spec_with(runtime={"device": "CPU", "image": "docker.io/x"})},
            "spec.runtime.image",
            id="image not allowed",
        ),
        pytest.param(
            {"spec": spec_with(runtime={"resources": {"limits": {"nvidia.com/gpu": "8"}}})},
            "spec.runtime.resources.limits",
            id="GPUs beside spec.runtime.gpus",
        ),
        pytest.param(
            {"spec": spec_with(strategy={"UnstructurePrune": {"ratio": 0.5}})},
            "spec.strategy.TrainConfig",
            id="strategy without training",
        ),
        pytest.param(
            {"spec": spec_with(strategy={"configUri": "s3://conf/act.yaml", "Distillation": {}})},
            "spec.strategy.Distillation",
            id="sections beside configUri",
        ),
    ],
)
def test_invalid_spec_ends_without_a_job(changes: dict[str, Any], field: str) -> None:
    made = plan(Observed(), **changes)
    reason, message = failure(made)
    assert (made.create, reason) == (None, "InvalidSpec")
    assert message.startswith(field)


def test_image_with_an_allowed_prefix_is_used() -> None:
    settings = RunnerSettings(
        image="default:1", allowed=Allowed(image_prefixes=("registry.example.com/team/",))
    )
    image = "registry.example.com/team/runner:2"
    made = plan(Observed(), settings, spec=spec_with(runtime={"device": "CPU", "image": image}))
    assert made.create is not None
    assert made.create["spec"]["template"]["spec"]["containers"][0]["image"] == image


def test_job_that_runs_already_is_not_judged_anew() -> None:
    made = plan(Observed(jobs=(make_job(),), pods=(running_pod(),)), spec=spec_with(storage=None))
    assert reconciling(made)[0] == "Running"


def test_foreign_job_of_our_name_is_a_conflict() -> None:
    reason, message = failure(plan(Observed(conflict=JOB)))
    assert reason == "NameConflict"
    assert JOB in message


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        pytest.param("jobs.batch is forbidden: exceeded quota: none", "QuotaExceeded", id="quota"),
        pytest.param("namespace is being terminated", "Pending", id="anything else"),
    ],
)
def test_refused_job_waits_and_is_tried_again(message: str, reason: str) -> None:
    made = plan(Observed(refusal=Refusal("Job", message, NOW)))
    assert reconciling(made) == (reason, message)
    assert (made.create, made.requeue_after) == (None, LOOK_AGAIN_SECONDS)
    later = plan(Observed(refusal=Refusal("Job", message, NOW - timedelta(seconds=LOOK_AGAIN_SECONDS))))
    assert later.create is not None


def test_job_that_can_never_be_created_is_an_invalid_spec() -> None:
    words = "the API server refuses Job x: requests: must be less than or equal to cpu limit"
    assert failure(plan(Observed(refusal=Refusal("Job", words, NOW, final=True)))) == ("InvalidSpec", words)


def test_refused_job_ends_at_the_deadline() -> None:
    refusal = Refusal("Job", "exceeded quota: none", NOW)
    made = plan(Observed(refusal=refusal), spec=spec_with(activeDeadlineSeconds=60))
    assert failure(made)[0] == "DeadlineExceeded"
