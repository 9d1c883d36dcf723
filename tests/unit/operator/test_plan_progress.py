"""How a run that has not ended stands: rows of what was observed and what is reported."""

from dataclasses import replace
from typing import Any

import pytest

from segcompress_operator.planning.parsing import parse_pod
from segcompress_operator.planning.plan import Observed, Plan
from segcompress_operator.planning.starting import WATCH_LAG_SECONDS
from unit.operator.planned import PUBLISHED, RUNNING, conditions, plan, reconciling, status_of
from unit.operator.samples import (
    DISRUPTED,
    JOB,
    SPEC,
    at,
    complete_job,
    ended_body,
    ended_pod,
    make_job,
    pending_pod,
    result,
    running_pod,
    spec_with,
)


@pytest.mark.parametrize("age", [0, 2])
def test_fresh_job_is_given_a_moment_before_the_first_status(age: int) -> None:
    made = plan(Observed(jobs=(make_job(creationTimestamp=at(-age)),)))
    assert made == Plan(requeue_after=WATCH_LAG_SECONDS - age)


@pytest.mark.parametrize("ahead", [300, -300])
def test_clock_five_minutes_off_holds_back_no_status(ahead: int) -> None:
    made = plan(Observed(jobs=(make_job(creationTimestamp=at(ahead)),)))
    assert reconciling(made) == ("Pending", "waiting for its pod")


@pytest.mark.parametrize("ahead", [300, -300])
def test_clock_five_minutes_off_gives_no_run_a_negative_duration(ahead: int) -> None:
    ended = complete_job(ended=ahead)
    pod = ended_pod(0, result("Succeeded", **PUBLISHED))
    status = status_of(plan(Observed(jobs=(ended,), pods=(pod,), asked=True), status=RUNNING))
    assert status.start_time is not None
    assert status.completion_time is not None
    assert status.start_time <= status.completion_time


@pytest.mark.parametrize(
    ("job", "pods", "reason", "words", "phase"),
    [
        pytest.param({}, (), "Pending", "waiting for its pod", "Pending", id="no pod yet"),
        pytest.param({}, (pending_pod(),), "Pending", "waiting for its pod", "Pending", id="pod starting"),
        pytest.param({}, (running_pod(),), "Running", "demo-pod", "Running", id="pod running"),
        pytest.param(
            {"spec": {"suspend": True}, "labels": {"kueue.x-k8s.io/queue-name": "gpus"}},
            (),
            "Queued",
            "in queue gpus",
            "Queued",
            id="held by Kueue",
        ),
        pytest.param(
            {"deletionTimestamp": at(0)}, (), "Pending", "being deleted", "Pending", id="Job being deleted"
        ),
        pytest.param(
            {},
            (pending_pod("CreateContainerConfigError", 'secret "object-store" not found'),),
            "SecretNotFound",
            'secret "object-store" not found',
            "Pending",
            id="Secret missing",
        ),
        pytest.param(
            {},
            (pending_pod("CreateContainerConfigError", "couldn't find key accessKey in Secret vision/s"),),
            "SecretNotFound",
            "accessKey",
            "Pending",
            id="key missing",
        ),
        pytest.param(
            {},
            (pending_pod("CreateContainerError", "failed to reserve name"),),
            "Pending",
            "failed to reserve name",
            "Pending",
            id="container cannot be created",
        ),
        *(
            pytest.param(
                {}, (pending_pod(word, "runner:1: no"),), "ImagePullFailed", "runner:1", "Pending", id=word
            )
            for word in ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
        ),
        pytest.param(
            {},
            (ended_pod(6, result("StorageUnreachable", "no answer")),),
            "Retrying",
            "StorageUnreachable: no answer; failure 1, spec.backoffLimit is 2",
            "Running",
            id="storage out of reach",
        ),
        pytest.param(
            {}, (ended_pod(137, why="OOMKilled"),), "Retrying", "OutOfMemory", "Running", id="out of memory"
        ),
        pytest.param(
            {},
            (ended_pod(1, result("OutOfMemory", "CUDA")),),
            "Retrying",
            "OutOfMemory: CUDA",
            "Running",
            id="CUDA out of memory",
        ),
        pytest.param(
            {},
            (ended_pod(1, "last line"), pending_pod(name="second")),
            "Retrying",
            "last line",
            "Running",
            id="next pod starting after a crash",
        ),
        pytest.param(
            {},
            (ended_pod(1), pending_pod("ErrImagePull", "runner:1", name="second")),
            "ImagePullFailed",
            "second",
            "Pending",
            id="next pod waits for its image",
        ),
        pytest.param({}, (ended_pod(5),), "Preempted", "demo-pod", "Running", id="asked to stop"),
        pytest.param(
            {}, (ended_pod(137, conditions=DISRUPTED),), "Preempted", "demo-pod", "Running", id="evicted"
        ),
        pytest.param(
            {},
            (ended_pod(3, result("InvalidInput"), conditions=DISRUPTED),),
            "Preempted",
            "demo-pod",
            "Running",
            id="disruption comes before the exit code, as in podFailurePolicy",
        ),
    ],
)
def test_unfinished_run_says_how_it_stands(
    job: dict[str, Any], pods: tuple[Any, ...], reason: str, words: str, phase: str
) -> None:
    made = plan(Observed(jobs=(make_job(**job),), pods=pods))
    waiting = reconciling(made)
    assert waiting[0] == reason
    assert words in waiting[1]
    assert status_of(made).phase == phase
    assert len(conditions(made)) == 8
    assert {c.observed_generation for c in status_of(made).conditions} == {1}
    assert status_of(made).job_name == JOB
    assert status_of(made).strategy == "UnstructurePrune"


@pytest.mark.parametrize(
    "pods",
    [
        pytest.param((ended_pod(0, result("Succeeded")),), id="done"),
        pytest.param((ended_pod(3, result("InvalidInput")),), id="bad input"),
        pytest.param((ended_pod(4, result("AcceptanceNotMet")),), id="gate missed"),
        pytest.param(tuple(ended_pod(1, name=n) for n in "abc"), id="backoffLimit used up"),
    ],
)
def test_end_that_the_job_controller_is_about_to_tell_is_not_written_twice(pods: tuple[Any, ...]) -> None:
    assert plan(Observed(jobs=(make_job(),), pods=pods)) == Plan()


def test_job_on_its_way_to_failure_keeps_what_was_said() -> None:
    conditions_ = [{"type": "FailureTarget", "status": "True", "reason": "DeadlineExceeded"}]
    assert plan(Observed(jobs=(make_job(status={"conditions": conditions_}),))) == Plan()


def test_pod_that_is_deleted_before_it_ran_keeps_what_was_said() -> None:
    """The kubelet then says ContainerCreating once more, be it at a deadline or at a user's wish."""
    pod = replace(pending_pod(), deleting=True)
    assert plan(Observed(jobs=(make_job(),), pods=(pod,))) == Plan()


def test_pod_whose_container_has_just_ended_keeps_what_was_said() -> None:
    """The pod's phase says so a moment later."""
    pod = replace(ended_pod(0, result("Succeeded")), terminal=False)
    assert plan(Observed(jobs=(make_job(),), pods=(pod,))) == Plan()


def test_start_is_announced_once_with_settings_without_effect() -> None:
    strategy = {**SPEC["strategy"], "Global": {"input_name": "x"}}
    seen = Observed(jobs=(make_job(),), pods=(running_pod(),))
    made = plan(seen, spec=spec_with(strategy=strategy))
    (said,) = made.announcements
    assert said.reason == "Started"
    assert "Global has no effect" in said.message
    assert status_of(made).start_time == at(-10)
    again = plan(seen, status=status_of(made).to_wire())
    assert again.announcements == ()
    assert status_of(again) == status_of(made)


def preempted_pod(name: str, created: float) -> Any:
    body = ended_body(137, name=name, conditions=DISRUPTED)
    body["metadata"]["creationTimestamp"] = at(created)
    return parse_pod(body)


def test_preemption_is_counted_once_and_one_that_was_missed_is_counted_after_a_restart() -> None:
    """The first pod was counted and is gone; the second was preempted while no operator ran."""
    first, second = preempted_pod("a", -300), preempted_pod("b", -200)
    made = plan(Observed(jobs=(make_job(),), pods=(first,)), status=RUNNING)
    counted = status_of(made).to_wire()
    assert counted["attempts"] == {"failed": 0, "preempted": 1, "preemptedUntil": at(-300)}
    again = plan(Observed(jobs=(make_job(),), pods=(first,)), status=counted)
    assert status_of(again).attempts == status_of(made).attempts
    for in_sight in ((second,), (first, second)):
        later = plan(Observed(jobs=(make_job(),), pods=in_sight), status=counted)
        assert status_of(later).to_wire()["attempts"]["preempted"] == 2
        assert status_of(later).to_wire()["attempts"]["preemptedUntil"] == at(-200)


def test_attempts_never_fall() -> None:
    status = {**RUNNING, "attempts": {"failed": 2, "preempted": 3, "preemptedUntil": at(-100)}}
    made = plan(Observed(jobs=(make_job(),), pods=(running_pod(),)), status=status)
    assert status_of(made).attempts is not None
    assert status_of(made).attempts.to_wire() == status["attempts"]  # type: ignore[union-attr]


def test_start_after_a_lost_result_retries_until_its_pod_runs() -> None:
    """Its phase does not fall back to Pending."""
    jobs = (complete_job(), make_job(2))
    words = f"the result of Job {JOB} could not be read; one more pod looks for what it published"
    for pods in ((), (pending_pod(),)):
        assert reconciling(plan(Observed(jobs=jobs, pods=pods))) == ("Retrying", words)
    assert reconciling(plan(Observed(jobs=jobs, pods=(running_pod(),))))[0] == "Running"
    no_secret = pending_pod("CreateContainerConfigError", 'secret "object-store" not found')
    assert reconciling(plan(Observed(jobs=jobs, pods=(no_secret,))))[0] == "SecretNotFound"
