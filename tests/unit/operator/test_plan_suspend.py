"""Runs that are suspended: rows of what was observed and what is done."""

from typing import Any

import pytest

from segcompress_api.status import Attempts
from segcompress_operator.planning.observed import ObservedJob, ObservedPod
from segcompress_operator.planning.parsing import parse_pod
from segcompress_operator.planning.plan import Deletion, Observed, Plan
from unit.operator.planned import PUBLISHED, conditions, plan, reconciling, status_of
from unit.operator.samples import (
    DISRUPTED,
    JOB,
    at,
    complete_job,
    ended_pod,
    failed_job,
    make_job,
    pending_pod,
    pod_body,
    result,
    running_pod,
)
from unit.operator.stopping import (
    GONE,
    SECOND,
    STARTS_OVER,
    SUSPEND,
    WORKING,
    events,
    leaving,
    lost_pod,
    reconciling_status,
    suspended,
    written,
)

SUSPENDED_WORDS = f"spec.suspend is true; a resumed run {STARTS_OVER}"


def test_run_that_is_suspended_before_its_start_gets_no_job() -> None:
    made = plan(Observed(), spec=SUSPEND)
    assert (made.create, made.delete, status_of(made).phase) == (None, None, "Suspended")
    assert events(made) == [("Suspended", "spec.suspend is true")]
    assert status_of(made).start == 1
    assert plan(Observed(), spec=SUSPEND, status=written(made)) == Plan(status=status_of(made))


@pytest.mark.parametrize(
    ("job", "pods"),
    [
        pytest.param({}, (), id="before its pod"),
        pytest.param({"spec": {"suspend": True}}, (), id="held by Kueue"),
        pytest.param({}, (pending_pod(),), id="pending"),
        pytest.param({}, (running_pod(),), id="running"),
        pytest.param({}, (ended_pod(1, name="a"), running_pod("b")), id="retrying"),
        pytest.param({}, (ended_pod(5, name="a"),), id="preempted"),
        pytest.param({}, (ended_pod(0, name="a", conditions=DISRUPTED), running_pod("b")), id="and again"),
    ],
)
def test_suspension_deletes_the_job_and_names_the_next_start(
    job: dict[str, Any], pods: tuple[ObservedPod, ...]
) -> None:
    made = suspended(make_job(**job), pods)
    assert made.delete == Deletion(JOB, "job-1")
    assert (status_of(made).start, status_of(made).job_name) == (2, JOB)
    assert status_of(made).phase == "Suspended"
    assert (conditions(made)["Suspended"], conditions(made)["Finished"]) == ("True", "False")
    assert reconciling(made) == ("Suspended", f"Job {JOB} is being deleted")
    assert events(made) == [("Suspended", SUSPENDED_WORDS)]


def test_suspension_goes_on_until_the_pods_are_gone() -> None:
    before = written(suspended())
    still = plan(
        Observed(jobs=(leaving(),), pods=(running_pod(),)), spec=SUSPEND, status=before, generation=2
    )
    assert still == Plan(status=status_of(suspended()))
    gone = plan(Observed(), spec=SUSPEND, status=before, generation=2)
    assert (gone.announcements, gone.delete) == ((), None)
    assert conditions(gone) == {
        "Complete": "False",
        "Failed": "False",
        "Suspended": "True",
        "Finished": "False",
        "Accepted": "Unknown",
        "Ready": "False",
        "Reconciling": "False",
        "Stalled": "False",
    }
    assert status_of(gone).start == 2
    assert plan(Observed(), spec=SUSPEND, status=written(gone), generation=2).status == status_of(gone)


def test_pods_that_a_suspension_ends_are_no_attempts() -> None:
    made = plan(
        Observed(jobs=(leaving(),), pods=(ended_pod(5),)),
        spec=SUSPEND,
        status=written(suspended()),
        generation=2,
    )
    assert status_of(made).attempts == Attempts(failed=1, preempted=2, preempted_until=at(-25))
    again = plan(
        Observed(jobs=(leaving(),), pods=(ended_pod(5),)), spec=SUSPEND, status=written(made), generation=2
    )
    assert again.status == status_of(made)


def test_pods_that_a_suspension_ends_do_not_reach_the_limit() -> None:
    spec = {**SUSPEND, "preemptionLimit": 2}
    observed = Observed(jobs=(leaving(),), pods=(ended_pod(5),))
    made = plan(observed, spec=spec, status=written(suspended()), generation=2)
    assert reconciling(made) == ("Suspended", f"Job {JOB} is being deleted")


def test_lost_node_holds_up_a_suspension_and_is_named() -> None:
    lost = Observed(jobs=(leaving(),), pods=(lost_pod(),))
    made = plan(lost, spec=SUSPEND, status=written(suspended()), generation=2)
    reason, message = reconciling(made)
    assert reason == "NodeLost"
    assert "pod lost on node node-7" in message
    assert "the run is suspended once the node answers" in message
    again = plan(lost, status=written(suspended()), generation=3)
    assert "the run continues with start 2 once the node answers" in reconciling(again)[1]


def test_suspension_looks_again_when_a_pod_will_count_as_lost() -> None:
    body = pod_body("p", {"running": {"startedAt": at(-99)}}, "Running")
    body["metadata"]["deletionTimestamp"] = at(30)
    body["spec"] = {"nodeName": "node-7"}
    observed = Observed(jobs=(leaving(),), pods=(parse_pod(body),))
    made = plan(observed, spec=SUSPEND, status=written(suspended()), generation=2)
    assert made.requeue_after == 45


@pytest.mark.parametrize(
    ("job", "pods", "reason"),
    [
        pytest.param(complete_job(), (ended_pod(0, result("Succeeded", **PUBLISHED)),), "Succeeded", id="ok"),
        pytest.param(
            failed_job("PodFailurePolicy"),
            (ended_pod(3, result("InputNotFound")),),
            "InputNotFound",
            id="bad",
        ),
        pytest.param(failed_job("DeadlineExceeded"), (ended_pod(1),), "DeadlineExceeded", id="too late"),
        pytest.param(
            leaving(),
            (ended_pod(0, result("Succeeded", **PUBLISHED)),),
            "Succeeded",
            id="ended while it was being deleted",
        ),
        pytest.param(
            leaving(),
            (ended_pod(4, result("AcceptanceNotMet")),),
            "AcceptanceNotMet",
            id="missed a gate while it was being deleted",
        ),
    ],
)
@pytest.mark.parametrize("status", [pytest.param(WORKING, id="at once"), pytest.param(GONE, id="late")])
def test_run_that_came_to_its_end_has_ended(
    job: ObservedJob, pods: tuple[ObservedPod, ...], reason: str, status: dict[str, Any]
) -> None:
    made = plan(Observed(jobs=(job,), pods=pods), spec=SUSPEND, status=status, generation=2)
    assert status_of(made).phase in ("Succeeded", "Failed")
    assert next(c.reason for c in status_of(made).conditions if c.type == "Finished") == reason
    assert conditions(made)["Suspended"] == "False"


@pytest.mark.parametrize("code", [0, 3, 4])
def test_pod_that_no_other_follows_is_waited_for(code: int) -> None:
    assert suspended(pods=(ended_pod(code),)).delete is None


def test_job_that_fails_because_it_is_deleted_is_no_end() -> None:
    """A runner that SIGTERM meets before it listens ends with 143, which counts as a failure."""
    end = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
    observed = Observed(jobs=(leaving(conditions=[end], failed=1),), pods=(ended_pod(143),), asked=True)
    made = plan(observed, spec=SUSPEND, status=written(suspended()), generation=2)
    assert (status_of(made).phase, conditions(made)["Failed"]) == ("Suspended", "False")
    assert (made.create, status_of(plan(observed, status=GONE, generation=3)).phase) == (None, "Pending")


def test_ended_run_acknowledges_suspend_and_stays_as_it_is() -> None:
    observed = Observed(jobs=(complete_job(),), pods=(ended_pod(0, result("Succeeded", **PUBLISHED)),))
    ended = written(plan(observed, status=WORKING))
    made = plan(observed, spec=SUSPEND, status=ended, generation=2)
    assert (status_of(made).phase, status_of(made).observed_generation) == ("Succeeded", 2)
    assert made.delete is None


def test_resource_being_deleted_is_left_alone() -> None:
    observed = Observed(jobs=(make_job(),), pods=(running_pod(),))
    assert plan(observed, spec=SUSPEND, deletionTimestamp=at(0)) == Plan()


def test_lost_result_of_a_suspended_run_is_looked_for_on_resume() -> None:
    observed = Observed(jobs=(complete_job(),), pods=(ended_pod(0, "unreadable"),), asked=True)
    made = plan(observed, spec=SUSPEND, status=WORKING, generation=2)
    assert (made.create, made.delete, status_of(made).phase) == (None, None, "Suspended")
    assert (status_of(made).start, reconciling_status(made)) == (2, "False")
    again = plan(observed, status=written(made), generation=3)
    assert again.create is not None
    assert again.create["metadata"]["name"] == SECOND
