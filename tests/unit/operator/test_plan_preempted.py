"""Runs that are preempted too often."""

from typing import Any

import pytest

from segcompress_api.status import Attempts
from segcompress_operator.planning.job import plan_job
from segcompress_operator.planning.observed import ObservedJob, ObservedPod
from segcompress_operator.planning.parsing import parse_pod
from segcompress_operator.planning.plan import Deletion, Observed, Plan
from unit.operator.planned import PUBLISHED, RUNNING, conditions, failure, plan, reconciling, status_of
from unit.operator.samples import (
    DISRUPTED,
    JOB,
    NOW,
    SETTINGS,
    at,
    complete_job,
    ended_pod,
    make_job,
    make_resource,
    pod_body,
    result,
    running_pod,
    spec_with,
)
from unit.operator.stopping import BEHIND, GONE, leaving, pods_left, written


def preempted(limit: int, *pods: ObservedPod, job: ObservedJob | None = None, **status: Any) -> Plan:
    observed = Observed(jobs=(job or make_job(),), pods=pods)
    return plan(observed, spec=spec_with(preemptionLimit=limit), status={**RUNNING, **status})


def stopped(name: str) -> ObservedPod:
    return ended_pod(5, name=name)


@pytest.mark.parametrize("code", [5, 137])
def test_preemptions_up_to_the_limit_are_tolerated(code: int) -> None:
    pods = (ended_pod(code, name="a", conditions=DISRUPTED), running_pod("b"))
    made = preempted(1, *pods)
    assert (made.delete, status_of(made).phase) == (None, "Running")


def test_one_preemption_more_deletes_the_job() -> None:
    made = preempted(0, stopped("a"), running_pod("b"))
    assert made.delete == Deletion(JOB, "job-1")
    words = "1 pod(s) were preempted, spec.preemptionLimit is 0"
    deletion = f"Job {JOB} is being deleted, and the run ends"
    assert reconciling(made) == ("Preempted", f"{words}; {deletion}")
    assert (status_of(made).attempts or Attempts()).preempted == 1


def test_run_preempted_too_often_ends_once_its_pods_are_gone() -> None:
    before = written(preempted(0, stopped("a"), running_pod("b")))
    spec = spec_with(preemptionLimit=0)
    still = plan(Observed(jobs=(leaving(),), pods=(stopped("a"), running_pod("b"))), spec=spec, status=before)
    assert (still.delete, conditions(still)["Finished"]) == (None, "False")
    gone = plan(Observed(), spec=spec, status=before)
    words = "1 pod(s) were preempted, spec.preemptionLimit is 0"
    assert failure(gone) == ("PreemptionLimitExceeded", words)
    assert gone.create is None
    assert plan(Observed(), spec={**spec, "suspend": True}, status=before).status == gone.status


def test_run_preempted_too_often_does_not_end_before_its_orphaned_pod() -> None:
    before = written(preempted(0, stopped("a"), running_pod("b")))
    spec = spec_with(preemptionLimit=0)
    asking = plan_job(make_resource(spec=spec, status=before), Observed(), SETTINGS, NOW)
    assert asking == Plan(list_left_of=(JOB,))
    still = pods_left(running_pod("b"), spec=spec, status=before)
    assert (still.delete, still.create, still.requeue_after) == (None, None, None)
    words = "1 pod(s) were preempted, spec.preemptionLimit is 0"
    behind = BEHIND.replace("demo-pod", "b")
    assert reconciling(still) == ("Preempted", f"{words}; {behind}, and the run ends")


def test_run_that_succeeded_after_all_has_succeeded() -> None:
    pods = (stopped("a"), stopped("b"), ended_pod(0, result("Succeeded", **PUBLISHED), name="c"))
    assert status_of(preempted(0, *pods, job=complete_job())).phase == "Succeeded"
    assert preempted(0, *pods).delete is None


def test_limit_is_that_of_one_start() -> None:
    status = {**GONE, "attempts": {"failed": 0, "preempted": 20}}
    observed = Observed(jobs=(make_job(2),), pods=(stopped("a"), running_pod("b")))
    made = plan(observed, status=status, generation=3)
    assert (made.delete, status_of(made).attempts) == (None, Attempts(preempted=1, preempted_until=at(-25)))


def test_lost_node_of_a_run_preempted_too_often_is_named() -> None:
    body = pod_body("lost", {"running": {"startedAt": at(-99)}}, "Running")
    body["metadata"]["deletionTimestamp"] = at(-20)
    body["spec"] = {"nodeName": "node-7"}
    made = preempted(0, stopped("a"), parse_pod(body), attempts={"failed": 0, "preempted": 1})
    assert made.delete == Deletion(JOB, "job-1")
    assert reconciling(made)[0] == "NodeLost"
    assert "the run ends once the node answers" in reconciling(made)[1]
