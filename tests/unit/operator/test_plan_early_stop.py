"""Runs that their sweep stops early: rows of what was observed and what is done."""

from typing import Any

import pytest

from segcompress_api.status import Attempts
from segcompress_operator.planning.observed import ObservedJob, ObservedPod
from segcompress_operator.planning.plan import Deletion, Observed, Plan
from unit.operator.planned import PUBLISHED, RUNNING, failure, plan, reconciling, status_of
from unit.operator.samples import (
    JOB,
    at,
    complete_job,
    ended_pod,
    make_job,
    result,
    running_pod,
    spec_with,
)
from unit.operator.stopping import events, leaving, lost_pod, suspended, written

WHY = "Stopped by MedianStop at step 400: mIoU 0.4100, median of 6 trials 0.5500"
DELETION = f"Job {JOB} is being deleted, and the run ends"


def early(*pods: ObservedPod, job: ObservedJob | None = None, why: str = WHY, **given: Any) -> Plan:
    """Return the plan of a run with a pod at work that its sweep stops."""
    observed = Observed(jobs=(job or make_job(),), pods=pods or (running_pod(),), stop=why)
    return plan(observed, **{"status": RUNNING, **given})


def finished(made: Plan) -> tuple[str, str, str]:
    found = next(c for c in status_of(made).conditions if c.type == "Finished")
    return found.status, found.reason, found.message


def test_early_stop_stands_in_the_status_before_the_job_is_deleted() -> None:
    made = early()
    assert made.delete == Deletion(JOB, "job-1")
    assert finished(made) == ("False", "StoppedEarly", WHY)
    assert reconciling(made) == ("StoppedEarly", f"{WHY}; {DELETION}")
    assert status_of(made).phase == "Running"
    assert made.announcements == ()


def test_early_stop_survives_a_restart_of_the_operator() -> None:
    """Nobody tells the run again, and others may suspend or resume it."""
    before = written(early())
    for suspend in (False, True):
        given: dict[str, Any] = {"status": before, "spec": spec_with(suspend=suspend), "why": ""}
        still = early(job=leaving(), **given)
        assert (still.delete, finished(still)) == (None, ("False", "StoppedEarly", WHY))
        gone = plan(Observed(), status=before, spec=given["spec"])
        assert gone.create is None
        assert failure(gone) == ("StoppedEarly", WHY)
        assert finished(gone) == ("True", "StoppedEarly", WHY)
        assert events(gone) == [("StoppedEarly", WHY)]
        assert gone.announcements[0].type == "Normal"


def test_early_stop_says_what_it_said_first() -> None:
    before = written(early())
    assert finished(early(job=leaving(), status=before, why="another sentence"))[2] == WHY


def test_run_that_ended_meanwhile_was_not_stopped() -> None:
    pod = ended_pod(0, result("Succeeded", **PUBLISHED))
    assert status_of(early(pod, job=complete_job(), status=written(early()))).phase == "Succeeded"
    assert status_of(early(pod, job=leaving(), status=written(early()))).phase == "Succeeded"
    assert early(pod).delete is None


def test_pods_that_an_early_stop_ends_are_no_attempts() -> None:
    before = written(early())
    after = early(ended_pod(5), job=leaving(), status=before)
    assert status_of(after).attempts == Attempts(preempted_until=at(-25))
    assert status_of(early(ended_pod(1), job=make_job())).attempts == Attempts(failed=1)


def test_stopped_run_without_a_job_makes_none() -> None:
    made = plan(Observed(stop=WHY), status=RUNNING)
    assert (made.create, failure(made)) == (None, ("StoppedEarly", WHY))


@pytest.mark.parametrize("why", [WHY, ""])
def test_stopped_run_whose_result_is_lost_makes_no_other_job(why: str) -> None:
    observed = Observed(jobs=(complete_job(),), pods=(ended_pod(0, ""),), asked=True, stop=why)
    made = plan(observed, status=written(early()))
    assert (made.create, failure(made)) == (None, ("StoppedEarly", WHY))


def test_suspended_run_that_is_stopped_ends() -> None:
    before = written(suspended())
    made = plan(Observed(stop=WHY), status=before, spec=spec_with(suspend=True))
    assert failure(made) == ("StoppedEarly", WHY)


def test_lost_node_holds_up_an_early_stop_and_the_decision_stands() -> None:
    made = early(lost_pod(), job=leaving())
    assert reconciling(made)[0] == "NodeLost"
    assert finished(made) == ("False", "StoppedEarly", WHY)


def test_stopped_run_keeps_its_evaluations_and_how_far_it_came() -> None:
    evaluations = [{"step": 400, "miou": "0.4100"}]
    progress = {"stage": "Compress", "step": 400, "etaSeconds": 60, "lastUpdateTime": at(-60)}
    before = written(early(status={**RUNNING, "progress": progress, "evaluations": evaluations}))
    made = status_of(plan(Observed(), status=before)).to_wire()
    assert made["evaluations"] == evaluations
    assert made["progress"] == {key: value for key, value in progress.items() if key != "etaSeconds"}
