"""What a status write makes true is told once: pods that ended, and the run's end."""

from typing import Any

import pytest

from segcompress_api.conditions import Reason
from segcompress_api.status import Attempts, JobStatus
from segcompress_operator.planning.facts import (
    ATTEMPT_REASONS,
    UNKNOWN,
    EndedAttempt,
    EndedRun,
    Facts,
    facts_of,
)
from segcompress_operator.planning.outcomes import Outcome
from segcompress_operator.planning.parsing import parse_pod, parse_resource
from segcompress_operator.planning.plan import Observed
from segcompress_operator.planning.statuses import ended_at, failed
from unit.operator.planned import PUBLISHED, RUNNING, plan, status_of
from unit.operator.samples import (
    DISRUPTED,
    NOW,
    at,
    complete_job,
    ended_body,
    ended_pod,
    failed_job,
    make_job,
    make_resource,
    resource_body,
    result,
    running_pod,
    spec_with,
)

GPUS = spec_with(runtime={"device": "GPU", "gpus": 1})
SUCCEEDED = result("Succeeded", **PUBLISHED)
LEAVING = make_job(deletionTimestamp=at(-1))
PREEMPTED = ended_pod(137, name="b", conditions=DISRUPTED)


def facts(observed: Observed, **resource: Any) -> Facts:
    """Return the facts of the write that is planned for the resource."""
    given = {"status": RUNNING, **resource}
    after = status_of(plan(observed, **given))
    return facts_of(make_resource(**given), observed, after)


def at_work(*pods: Any, failed: int = 0, status: dict[str, Any] = RUNNING) -> Facts:
    job = make_job(status={"failed": failed})
    return facts(Observed(jobs=(job,), pods=(*pods, running_pod("last"))), status=status)


@pytest.mark.parametrize(
    ("pods", "reasons"),
    [
        pytest.param((), (), id="none"),
        pytest.param((ended_pod(1),), ("RunnerCrashed",), id="crash"),
        pytest.param((ended_pod(137, why="OOMKilled"),), ("OutOfMemory",), id="memory"),
        pytest.param((ended_pod(6),), ("StorageUnreachable",), id="store"),
        pytest.param((PREEMPTED,), ("Preempted",), id="preempted"),
        pytest.param((ended_pod(1, name="a"), PREEMPTED), ("RunnerCrashed", "Preempted"), id="both"),
    ],
)
def test_pod_that_ended_is_told_by_its_reason(pods: tuple[Any, ...], reasons: tuple[str, ...]) -> None:
    assert tuple(attempt.reason for attempt in at_work(*pods).attempts) == reasons
    assert set(reasons) <= set(ATTEMPT_REASONS)


def test_pod_that_was_counted_is_not_told_again() -> None:
    first = Observed(jobs=(make_job(),), pods=(ended_pod(1, name="a"), PREEMPTED, running_pod("last")))
    counted = status_of(plan(first, status=RUNNING)).to_wire()
    assert facts(first, status=counted).attempts == ()
    more = (ended_pod(1, name="a"), PREEMPTED, ended_pod(6, name="c"))
    assert at_work(*more, status=counted).attempts == (EndedAttempt("StorageUnreachable"),)


def test_pod_that_nobody_saw_end_is_told_as_unknown() -> None:
    assert at_work(ended_pod(1), failed=3).attempts == (
        EndedAttempt("RunnerCrashed"),
        EndedAttempt(UNKNOWN),
        EndedAttempt(UNKNOWN),
    )


def test_end_is_told_with_its_pod_and_its_time() -> None:
    status = RUNNING | {"startTime": "2026-01-01T00:00:00Z"}
    told = facts(Observed(jobs=(complete_job(),), pods=(ended_pod(0, SUCCEEDED),)), status=status)
    assert told.attempts == (EndedAttempt("Succeeded"),)
    assert told.run is not None
    assert told.run.phase == "Succeeded"
    assert told.run.seconds > 0


def test_gate_that_was_missed_is_the_reason_of_the_pod() -> None:
    pod = ended_pod(4, result("AcceptanceNotMet", **PUBLISHED))
    told = facts(Observed(jobs=(failed_job("PodFailurePolicy"),), pods=(pod,)))
    assert told.attempts == (EndedAttempt("AcceptanceNotMet"),)
    assert told.run is not None
    assert told.run.phase == "Failed"


def test_run_that_never_had_a_pod_has_an_end_and_no_attempt() -> None:
    resource = make_resource()
    after = ended_at(failed(JobStatus(), Outcome(Reason.INVALID_SPEC, "wrong"), 1, NOW), NOW)
    assert facts_of(resource, Observed(), after) == Facts(run=EndedRun("Failed", 0.0))


def test_gpus_are_counted_for_as_long_as_their_pod_ran() -> None:
    told = facts(Observed(jobs=(complete_job(),), pods=(ended_pod(0, SUCCEEDED),)), spec=GPUS)
    assert told.attempts == (EndedAttempt("Succeeded", 8.0),)
    two = {"runtime": {"device": "GPU", "gpus": 1, "resources": {"limits": {"nvidia.com/mig-1g.10gb": "1"}}}}
    told = facts(Observed(jobs=(complete_job(),), pods=(ended_pod(0, SUCCEEDED),)), spec=spec_with(**two))
    assert told.attempts == (EndedAttempt("Succeeded", 0.0),)


def suspension(*pods: Any, job: Any = LEAVING, status: dict[str, Any]) -> tuple[Facts, Any]:
    """Return the facts of a suspended run's next write, and the status that it leaves."""
    given: dict[str, Any] = {"status": status, "spec": {**GPUS, "suspend": True}, "generation": 2}
    observed = Observed(jobs=(job,), pods=pods)
    after = status_of(plan(observed, **given))
    return facts_of(make_resource(**given), observed, after), after.to_wire()


def test_gpu_seconds_of_a_pod_that_a_suspension_ended_are_told_once() -> None:
    told, status = suspension(running_pod(), job=make_job(), status=RUNNING)
    assert told == Facts()
    told, status = suspension(ended_pod(143), status=status)
    assert told.attempts == (EndedAttempt("Suspended", 8.0),)
    assert suspension(ended_pod(143), status=status)[0] == Facts()


def test_pod_of_a_run_that_is_resumed_before_it_ended_is_told_too() -> None:
    _, status = suspension(running_pod(), job=make_job(), status=RUNNING)
    told = facts(Observed(jobs=(LEAVING,), pods=(ended_pod(5),)), status=status, spec=GPUS, generation=3)
    assert told.attempts == (EndedAttempt("Suspended", 8.0),)


def test_pod_that_failed_before_the_suspension_is_told_as_failed_alone() -> None:
    told, status = suspension(ended_pod(1), job=make_job(), status=RUNNING)
    assert told.attempts == (EndedAttempt("RunnerCrashed", 8.0),)
    assert suspension(ended_pod(1), status=status)[0] == Facts()


def test_edit_of_an_ended_run_tells_nothing() -> None:
    observed = Observed(jobs=(complete_job(),), pods=(ended_pod(0, SUCCEEDED),))
    ended = status_of(plan(observed, status=RUNNING))
    body = resource_body(status=ended.to_wire(), generation=2)
    again = status_of(plan(observed, status=ended.to_wire(), generation=2))
    assert facts_of(parse_resource(body), observed, again) == Facts()


def test_next_start_counts_its_own_pods() -> None:
    before = {**RUNNING, "start": 2, "jobName": "demo-1", "attempts": {"failed": 2, "preempted": 0}}
    pods = (ended_pod(1), running_pod("last"))
    told = facts(Observed(jobs=(make_job(2),), pods=pods), status=before)
    assert told.attempts == (EndedAttempt("RunnerCrashed", 0.0),)


@pytest.mark.parametrize("code", [5, 137, 143])
def test_pod_that_the_deadline_stopped_is_one_attempt(code: int) -> None:
    """The Job controller counts it as failed, takes its finalizer off, and deletes it."""
    body = ended_body(code)
    body["metadata"] |= {"deletionTimestamp": at(-5), "finalizers": []}
    observed = Observed(jobs=(failed_job("DeadlineExceeded"),), pods=(parse_pod(body),))
    assert status_of(plan(observed, status=RUNNING)).attempts == Attempts(
        preempted=1, preempted_until=at(-25)
    )
    assert [attempt.reason for attempt in facts(observed).attempts] == ["Preempted"]


def test_gpu_seconds_of_a_pod_that_an_early_stop_ended_are_told_once() -> None:
    why = "Stopped by ASHA at step 400: mIoU 0.4100, 5 of 8 trials better, 2 may continue"
    given: dict[str, Any] = {"status": RUNNING, "spec": GPUS}
    for pod, told in ((running_pod(), ()), (ended_pod(143), (EndedAttempt("StoppedEarly", 8.0),))):
        job = make_job() if pod.running else LEAVING
        observed = Observed(jobs=(job,), pods=(pod,), stop=why)
        after = status_of(plan(observed, **given))
        assert facts_of(make_resource(**given), observed, after) == Facts(told)
        given["status"] = after.to_wire()
    again = Observed(jobs=(LEAVING,), pods=(ended_pod(143),))
    assert facts_of(make_resource(**given), again, status_of(plan(again, **given))) == Facts()
    gone = Observed()
    ended = status_of(plan(gone, **given))
    assert ended.phase == "Failed"
    assert facts_of(make_resource(**given), gone, ended) == Facts(), "no failure that somebody is alerted of"
