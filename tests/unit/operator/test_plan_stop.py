"""Runs that are suspended, resumed, or preempted too often: rows of what was observed and what is done."""

from dataclasses import replace
from typing import Any

import pytest

from segcompress_api.status import Attempts
from segcompress_operator.planning.job import plan_job
from segcompress_operator.planning.observed import ObservedJob, ObservedPod
from segcompress_operator.planning.parsing import parse_pod
from segcompress_operator.planning.plan import Deletion, Observed, Plan, Refusal
from unit.operator.planned import PUBLISHED, RUNNING, conditions, failure, plan, reconciling, status_of
from unit.operator.samples import (
    DISRUPTED,
    JOB,
    NOW,
    SETTINGS,
    at,
    complete_job,
    ended_pod,
    failed_job,
    make_job,
    make_resource,
    pending_pod,
    pod_body,
    result,
    running_pod,
    spec_with,
)

SECOND = f"{JOB[:-1]}2"
SUSPEND = spec_with(suspend=True)
STARTS_OVER = "starts over, reusing only weights that were already published"
SUSPENDED_WORDS = f"spec.suspend is true; a resumed run {STARTS_OVER}"
BEHIND = "pod demo-pod has outlived its Job: it has to end or be deleted first"
WORKING = {**RUNNING, "start": 1, "jobName": JOB, "attempts": {"failed": 1, "preempted": 2}}


def leaving(start: int = 1, **status: Any) -> ObservedJob:
    """Return a Job that is being deleted."""
    return make_job(start, deletionTimestamp=at(-1), status=status)


def suspended(job: ObservedJob = make_job(), pods: tuple[ObservedPod, ...] = (running_pod(),)) -> Plan:  # noqa: B008 - records never change
    """Return the plan for a run that is suspended while it has a Job."""
    return plan(Observed(jobs=(job,), pods=pods), spec=SUSPEND, status=WORKING, generation=2)


def written(made: Plan) -> dict[str, Any]:
    return status_of(made).to_wire()


def events(made: Plan) -> list[tuple[str, str]]:
    return [(said.reason, said.message) for said in made.announcements]


def since(status: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Return a status whose conditions have stood since then."""
    conditions = [{**each, "lastTransitionTime": at(seconds)} for each in status["conditions"]]
    return {**status, "conditions": conditions}


GONE = written(plan(Observed(), spec=SUSPEND, status=written(suspended()), generation=2))
"""The status of a suspended run whose Job is gone."""


# Suspending.


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


def reconciling_status(made: Plan) -> str:
    return conditions(made)["Reconciling"]


# Resuming.


def test_resumed_run_makes_the_next_start() -> None:
    made = plan(Observed(), status=GONE, generation=3)
    assert made.create is not None
    assert made.create["metadata"]["name"] == SECOND
    assert made.create["spec"]["activeDeadlineSeconds"] == 86400


def test_resumed_run_says_that_it_starts_over() -> None:
    made = plan(Observed(jobs=(make_job(2),), pods=()), status=GONE, generation=3)
    assert events(made) == [("Resumed", f"start 2; it {STARTS_OVER}")]
    assert (status_of(made).start, status_of(made).job_name) == (2, SECOND)
    assert (status_of(made).attempts, conditions(made)["Suspended"]) == (Attempts(), "False")


def test_resumed_run_that_runs_at_once_says_both() -> None:
    status = {**GONE, "startTime": None}
    made = plan(Observed(jobs=(make_job(2),), pods=(running_pod(),)), status=status, generation=3)
    assert [reason for reason, _ in events(made)] == ["Resumed", "Started"]


def test_run_that_was_suspended_before_its_start_begins_with_the_first() -> None:
    before = written(plan(Observed(), spec=SUSPEND))
    made = plan(Observed(), status=before, generation=2)
    assert made.create is not None
    assert made.create["metadata"]["name"] == JOB
    begun = plan(Observed(jobs=(make_job(),)), status=before, generation=2)
    assert events(begun) == [("Resumed", "start 1")]


def test_resumed_run_waits_for_the_pods_of_the_start_before() -> None:
    before = written(suspended())
    made = plan(Observed(jobs=(leaving(),), pods=(running_pod(),)), status=before, generation=3)
    assert (made.create, made.delete) == (None, None)
    assert reconciling(made) == ("Pending", f"Job {JOB} is being deleted; start 2 follows")
    assert (status_of(made).start, status_of(made).phase) == (2, "Pending")
    assert events(made) == [("Resumed", f"start 2; it {STARTS_OVER}")]
    gone = plan(Observed(), status=written(made), generation=3)
    assert gone.create is not None
    assert gone.create["metadata"]["name"] == SECOND


# Pods whose Job somebody else deleted.


def pods_left(*pods: ObservedPod, **resource: Any) -> Plan:
    return plan(Observed(left=pods), **{"status": WORKING, **resource})


def lost_pod() -> ObservedPod:
    body = pod_body("lost", {"running": {"startedAt": at(-99)}}, "Running")
    body["metadata"]["deletionTimestamp"] = at(-20)
    body["spec"] = {"nodeName": "node-7"}
    return parse_pod(body)


def test_run_without_a_job_asks_for_orphaned_pods_of_its_last_one() -> None:
    assert plan_job(make_resource(status=WORKING), Observed(), SETTINGS, NOW) == Plan(list_left_of=(JOB,))
    made = plan_job(make_resource(status=WORKING), Observed(left=()), SETTINGS, NOW)
    assert made.create is not None
    assert made.create["metadata"]["name"] == JOB


def test_first_start_asks_nothing() -> None:
    made = plan_job(make_resource(), Observed(), SETTINGS, NOW)
    assert (made.create is None, made.list_left_of) == (False, ())


def test_job_that_went_before_the_status_named_it_is_asked_for() -> None:
    made = plan_job(make_resource(), Observed(job_went=True), SETTINGS, NOW)
    assert made == Plan(list_left_of=(JOB,))
    held = plan_job(make_resource(), Observed(job_went=True, left=(running_pod(),)), SETTINGS, NOW)
    assert (held.create, reconciling(held)) == (None, ("Pending", f"{BEHIND}; start 1 follows"))


@pytest.mark.parametrize("name", ["../../secrets/object-store", "other-2x", "other-9999999999"])
def test_name_that_others_wrote_into_the_status_is_never_asked_for(name: str) -> None:
    resource = make_resource(status={**WORKING, "jobName": name})
    assert plan_job(resource, Observed(), SETTINGS, NOW).list_left_of == (JOB,)


def test_resumed_run_asks_for_the_start_before_and_for_its_own() -> None:
    resource = make_resource(status=GONE, generation=3)
    assert plan_job(resource, Observed(job_went=True), SETTINGS, NOW).list_left_of == (JOB, SECOND)


@pytest.mark.parametrize(
    ("observed", "spec", "reason"),
    [
        pytest.param(Observed(), spec_with(storage=None), "InvalidSpec", id="a wrong spec"),
        pytest.param(Observed(conflict=JOB), spec_with(), "NameConflict", id="a foreign Job"),
        pytest.param(
            Observed(refusal=Refusal("Job", "no", NOW, final=True)), spec_with(), "InvalidSpec", id="refused"
        ),
        pytest.param(
            Observed(refusal=Refusal("Job", "exceeded quota: none", NOW)),
            spec_with(activeDeadlineSeconds=60),
            "DeadlineExceeded",
            id="too late",
        ),
    ],
)
def test_run_ends_once_its_orphaned_pod_has_ended(
    observed: Observed, spec: dict[str, Any], reason: str
) -> None:
    resource = make_resource(spec=spec, status=since(WORKING, -70))
    assert plan_job(resource, observed, SETTINGS, NOW) == Plan(list_left_of=(JOB,))
    made = plan_job(resource, replace(observed, left=(running_pod(),)), SETTINGS, NOW)
    said, words = reconciling(made)
    assert (said, made.create) == ("Pending", None)
    assert words.startswith(f"{BEHIND}; then the run ends: ")
    lost = plan_job(resource, replace(observed, left=(lost_pod(),)), SETTINGS, NOW)
    assert reconciling(lost)[0] == "NodeLost"
    gone = plan_job(resource, replace(observed, left=()), SETTINGS, NOW)
    assert failure(gone)[0] == reason


def test_orphaned_pod_requeues_the_run_when_it_will_count_as_lost() -> None:
    body = pod_body("p", {"running": {"startedAt": at(-99)}}, "Running")
    body["metadata"]["deletionTimestamp"] = at(30)
    body["spec"] = {"nodeName": "node-7"}
    assert pods_left(parse_pod(body)).requeue_after == 45


def test_no_job_is_made_beside_an_orphaned_pod() -> None:
    made = pods_left(running_pod())
    assert (made.create, made.requeue_after) == (None, None)
    assert reconciling(made) == ("Pending", f"{BEHIND}; start 1 follows")


def test_orphaned_pod_on_a_lost_node_is_named() -> None:
    made = pods_left(lost_pod())
    reason, message = reconciling(made)
    assert (made.create, reason) == (None, "NodeLost")
    assert "pod lost on node node-7" in message
    assert "the run continues with start 1 once the node answers" in message


def test_run_is_suspended_once_its_orphaned_pod_has_ended() -> None:
    made = pods_left(running_pod(), spec=SUSPEND, generation=2)
    assert conditions(made)["Suspended"] == "True"
    assert reconciling(made) == ("Suspended", BEHIND)
    assert made.requeue_after is None
    rest = pods_left(spec=SUSPEND, generation=2, status=written(made))
    assert (reconciling_status(rest), rest.requeue_after) == ("False", None)
    resource = make_resource(spec=SUSPEND, generation=2, status=written(rest))
    assert plan_job(resource, Observed(), SETTINGS, NOW).list_left_of == ()


def test_resumed_run_waits_for_the_orphaned_pod() -> None:
    made = pods_left(running_pod(), status=GONE, generation=3)
    assert made.create is None
    assert reconciling(made)[1].endswith("; start 2 follows")
    assert events(made) == [("Resumed", f"start 2; it {STARTS_OVER}")]


def test_job_that_was_not_deleted_yet_goes_on() -> None:
    """Between the status and the deletion the operator ended, and the user changed their mind."""
    observed = Observed(jobs=(make_job(),), pods=(running_pod(),))
    made = plan(observed, status=written(suspended()), generation=3)
    assert (made.delete, status_of(made).start, status_of(made).phase) == (None, 1, "Running")
    assert ("Resumed", "start 1 continues: its Job had not been deleted yet") in events(made)


def test_run_suspended_again_names_the_third_start() -> None:
    resumed = written(plan(Observed(jobs=(make_job(2),)), status=GONE, generation=3))
    observed = Observed(jobs=(make_job(2),), pods=(running_pod(),))
    made = plan(observed, spec=SUSPEND, status=resumed, generation=4)
    assert (made.delete, status_of(made).start) == (Deletion(SECOND, "job-2"), 3)


def test_second_start_counts_its_own_attempts() -> None:
    before = written(plan(Observed(jobs=(make_job(2),)), status=GONE, generation=3))
    pods = (ended_pod(1, name="a"), running_pod("b"))
    made = plan(Observed(jobs=(make_job(2),), pods=pods), status=before, generation=3)
    assert status_of(made).attempts == Attempts(failed=1)


def test_deadline_of_a_refused_start_begins_with_the_resume() -> None:
    refusal = Refusal("Job", "exceeded quota: none", NOW)
    spec = spec_with(activeDeadlineSeconds=60)
    before = since(GONE, -800)
    made = plan(Observed(refusal=refusal), spec=spec, status=before, generation=3, creationTimestamp=at(-900))
    assert (reconciling(made)[0], made.requeue_after) == ("QuotaExceeded", 15)
    assert events(made) == [("Resumed", f"start 2; it {STARTS_OVER}")]
    later = since(written(made), -70)
    ended = plan(Observed(refusal=refusal), spec=spec, status=later, creationTimestamp=at(-900))
    assert failure(ended)[0] == "DeadlineExceeded"


# Preempted too often.


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


# Handed to another cluster.

HANDED_OVER: dict[str, Any] = {
    "spec": {"managedBy": "kueue.x-k8s.io/multikueue", "suspend": True},
    "labels": {"kueue.x-k8s.io/queue-name": "anywhere"},
}


def test_job_that_another_cluster_is_to_run_is_refused_and_deleted() -> None:
    made = plan(Observed(jobs=(make_job(**HANDED_OVER),)))
    reason, message = failure(made)
    assert reason == "InvalidSpec"
    assert message == (
        "metadata.labels[kueue.x-k8s.io/queue-name]: queue anywhere hands Jobs to kueue.x-k8s.io/multikueue, "
        "which runs them in another cluster; name a queue that runs Jobs in this one"
    )
    assert made.delete == Deletion(JOB, "job-1")
    later = Observed(jobs=(make_job(**HANDED_OVER),))
    assert plan(later, status=written(made)) == Plan(delete=Deletion(JOB, "job-1"))
    assert plan(Observed(jobs=(leaving(),)), status=written(made)) == Plan()


def test_job_of_this_clusters_controller_is_followed() -> None:
    job = make_job(spec={"managedBy": "kubernetes.io/job-controller"})
    assert status_of(plan(Observed(jobs=(job,), pods=(running_pod(),)))).phase == "Running"


LOST = {**RUNNING, "start": 2, "jobName": SECOND, "attempts": {"failed": 0, "preempted": 1}}
"""The status of a run whose first result was lost, while its second start runs."""


def after_the_second_start(status: dict[str, Any], **spec: Any) -> Plan:
    """Return the plan where the first Job is all that is left."""
    return plan(Observed(jobs=(complete_job(),), asked=True), spec=spec_with(**spec), status=status)


def test_second_start_is_not_made_again_beside_its_orphaned_pod() -> None:
    observed = Observed(jobs=(complete_job(),), asked=True)
    resource = make_resource(status=LOST)
    assert plan_job(resource, observed, SETTINGS, NOW) == Plan(list_left_of=(SECOND,))
    made = plan_job(resource, replace(observed, left=(running_pod(),)), SETTINGS, NOW)
    assert (made.create, made.requeue_after) == (None, None)
    assert reconciling(made)[1] == f"{BEHIND}; start 2 follows"
    assert after_the_second_start(LOST).create is not None


def test_second_start_that_was_preempted_too_often_ends_the_run() -> None:
    made = after_the_second_start(LOST, preemptionLimit=0)
    assert made.create is None
    assert failure(made)[0] == "PreemptionLimitExceeded"


def test_second_start_that_was_suspended_stays_suspended_under_its_number() -> None:
    status = {**GONE, "start": 3, "jobName": SECOND}
    made = after_the_second_start(status, suspend=True)
    assert made.create is None
    assert (status_of(made).start, status_of(made).job_name) == (3, SECOND)


def test_pod_of_a_lost_result_was_not_ended_by_a_suspension_of_the_second_start() -> None:
    observed = Observed(jobs=(complete_job(),), pods=(ended_pod(0, "garbage"),), asked=True)
    made = plan(observed, spec=spec_with(suspend=True), status={**LOST, "start": 3})
    assert conditions(made)["Suspended"] == "True"
    assert status_of(made).attempts == Attempts(failed=0, preempted=1)


def test_second_start_that_was_suspended_is_followed_by_the_third() -> None:
    made = after_the_second_start({**GONE, "start": 3, "jobName": SECOND})
    assert made.create is not None
    assert made.create["metadata"]["name"] == f"{JOB[:-1]}3"
    assert events(made) == [("Resumed", f"start 3; it {STARTS_OVER}")]
