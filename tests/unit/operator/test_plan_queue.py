"""A run whose Job a queue holds, takes back and gives out again."""

from typing import Any

import pytest

from segcompress_operator.planning.observed import ObservedPod
from segcompress_operator.planning.parsing import parse_pod
from segcompress_operator.planning.plan import Observed
from unit.operator.planned import RUNNING, plan, reconciling, status_of
from unit.operator.samples import JOB, at, ended_body, ended_pod, make_job, running_pod

HELD: dict[str, Any] = {"spec": {"suspend": True}, "labels": {"kueue.x-k8s.io/queue-name": "gpus"}}
TRACKED = ["batch.kubernetes.io/job-tracking"]


def stopped_pod(code: int, finalizers: list[str] | None = None) -> ObservedPod:
    """Return a pod that ended after it was deleted; without finalizers by the Job controller itself."""
    body = ended_body(code)
    body["metadata"] |= {"deletionTimestamp": at(-5), "finalizers": finalizers or []}
    return parse_pod(body)


def attempts(pod: ObservedPod, **job: Any) -> tuple[int, int]:
    """Return how many pods failed and how many were preempted."""
    found = status_of(plan(Observed(jobs=(make_job(**job),), pods=(pod,)), status=RUNNING)).attempts
    assert found is not None
    return found.failed, found.preempted


def test_pod_that_is_being_stopped_is_named() -> None:
    made = plan(Observed(jobs=(make_job(**HELD),), pods=(running_pod(),)), status=RUNNING)
    words = f"Job {JOB} is held in queue gpus until it is admitted; pod demo-pod is being stopped"
    assert reconciling(made) == ("Queued", words)
    assert status_of(made).phase == "Queued"


def test_run_whose_pod_has_stopped_waits_in_its_queue() -> None:
    made = plan(Observed(jobs=(make_job(**HELD),), pods=(stopped_pod(5),)), status=RUNNING)
    assert reconciling(made) == ("Queued", f"Job {JOB} is held in queue gpus until it is admitted")


@pytest.mark.parametrize("job", [pytest.param(HELD, id="held"), pytest.param({}, id="admitted again")])
@pytest.mark.parametrize("code", [5, 137, 143])
def test_pod_that_its_queue_stopped_did_not_fail(code: int, job: dict[str, Any]) -> None:
    assert attempts(stopped_pod(code), **job) == (0, 1)


def test_run_goes_on_after_a_stop_where_no_failure_is_left() -> None:
    observed = Observed(jobs=(make_job(spec={"backoffLimit": 0}),), pods=(stopped_pod(137),))
    assert reconciling(plan(observed, status=RUNNING))[0] == "Preempted"


def test_pod_that_somebody_else_deleted_failed() -> None:
    """The Job controller counts it, and so do we."""
    assert attempts(stopped_pod(137, TRACKED)) == (1, 0)
    assert attempts(ended_pod(137)) == (1, 0)


@pytest.mark.parametrize("code", [3, 4])
def test_stopped_pod_that_tells_an_end_is_no_preemption(code: int) -> None:
    assert attempts(stopped_pod(code), **HELD)[1] == 0
