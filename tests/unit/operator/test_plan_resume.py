"""Runs that are resumed, and what their next start counts."""

from dataclasses import replace
from typing import Any

from segcompress_api.status import Attempts
from segcompress_operator.planning.job import plan_job
from segcompress_operator.planning.plan import Deletion, Observed, Plan, Refusal
from unit.operator.planned import PUBLISHED, RUNNING, conditions, failure, plan, reconciling, status_of
from unit.operator.samples import (
    JOB,
    NOW,
    SETTINGS,
    at,
    complete_job,
    ended_pod,
    make_job,
    make_resource,
    result,
    running_pod,
    spec_with,
)
from unit.operator.stopping import (
    BEHIND,
    GONE,
    SECOND,
    STARTS_OVER,
    SUSPEND,
    events,
    leaving,
    pods_left,
    since,
    suspended,
    written,
)


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


def test_job_of_an_earlier_start_that_was_made_late_is_deleted() -> None:
    late = make_job(1)
    made = plan(Observed(jobs=(late, make_job(2)), pods=(running_pod(),)), status=GONE, generation=3)
    assert made.delete == Deletion(late.name, late.uid)
    assert status_of(made).job_name == SECOND


def test_job_of_an_earlier_start_is_deleted_after_the_end_too() -> None:
    late = make_job(1)
    observed = Observed(jobs=(late, complete_job(2)), pods=(ended_pod(0, result("Succeeded", **PUBLISHED)),))
    ended = written(plan(observed, status=GONE, generation=3))
    made = plan(observed, status=ended, generation=3)
    assert made.delete == Deletion(late.name, late.uid)


def test_jobs_of_earlier_starts_that_end_by_themselves_are_kept() -> None:
    for earlier in (complete_job(1), leaving(1)):
        made = plan(Observed(jobs=(earlier, make_job(2)), pods=(running_pod(),)), status=GONE, generation=3)
        assert made.delete is None
