"""Progress in a status: rows of what stands there, what was reported, and what is written."""

import json
from datetime import timedelta
from typing import Any

import pytest

from segcompress_api.progress import ProgressReport
from segcompress_api.status import JobStatus
from segcompress_operator.planning.observed import ObservedPod
from segcompress_operator.planning.parsing import parse_pod
from segcompress_operator.planning.plan import Observed, Reported
from segcompress_operator.planning.statuses import parse_status, status_patch
from unit.operator.planned import PUBLISHED, RUNNING, plan, status_of
from unit.operator.samples import (
    NOW,
    at,
    complete_job,
    ended_pod,
    failed_job,
    make_job,
    pod_body,
    result,
    running_pod,
    spec_with,
)

Wire = dict[str, Any]
HALF: Wire = {"stage": "Compress", "step": 50, "totalSteps": 100, "etaSeconds": 60}


def reported(seconds: float = 0, **changes: Any) -> Reported:
    """Return a report that came `seconds` from now."""
    return Reported(ProgressReport.model_validate({**HALF, **changes}), NOW + timedelta(seconds=seconds))


def standing(seconds: float, **changes: Any) -> Wire:
    """Return a running resource's status that was given its progress `seconds` from now."""
    progress = {**HALF, "percent": 50, "lastUpdateTime": at(seconds), **changes}
    return {**RUNNING, "startTime": at(-10), "progress": progress}


def pod_made(seconds: float) -> ObservedPod:
    body = pod_body("later", {"running": {"startedAt": at(seconds)}}, "Running")
    body["metadata"]["creationTimestamp"] = at(seconds)
    return parse_pod(body)


def shown(status: Wire, report: Reported | None = None, pod: ObservedPod | None = None) -> Wire | None:
    """Return the progress that a run under way is to show."""
    observed = Observed(jobs=(make_job(),), pods=(pod or running_pod(),), reported=report)
    progress = status_of(plan(observed, status=status)).progress
    return None if progress is None else progress.to_wire()


def test_first_report_is_written_as_it_came() -> None:
    made = shown({**RUNNING, "startTime": at(-10)}, reported(-2))
    assert made == {**HALF, "percent": 50, "lastUpdateTime": at(-2)}


def test_nothing_reported_shows_nothing() -> None:
    assert shown(RUNNING) is None


@pytest.mark.parametrize(
    ("seconds", "changes", "written"),
    [
        pytest.param(-29, {"step": 51}, False, id="next percent too early"),
        pytest.param(-30, {"step": 51}, True, id="next percent"),
        pytest.param(-29, {"stage": "Evaluate", "step": 0}, False, id="next stage too early"),
        pytest.param(-30, {"stage": "Evaluate", "step": 0}, True, id="next stage"),
        pytest.param(-299, {"etaSeconds": 7}, False, id="same percent too early"),
        pytest.param(-300, {"etaSeconds": 7}, True, id="same percent after five minutes"),
        pytest.param(300, {"step": 51}, True, id="stamp of a clock that was ahead"),
    ],
)
def test_progress_is_written_when_it_is_due(seconds: float, changes: Wire, *, written: bool) -> None:
    body = pod_made(-900)
    status = standing(seconds)
    made = shown(status, reported(0, **changes), body)
    assert made is not None
    assert (made["lastUpdateTime"] == at(0)) is written
    assert (made == status["progress"]) is not written


def test_a_stage_that_is_told_once_is_written_when_it_is_due() -> None:
    observed = Observed(jobs=(make_job(),), pods=(pod_made(-900),), reported=reported(-1, stage="Export"))
    early = plan(observed, status=standing(-20))
    assert early.status is None or early.status.progress is None or early.status.progress.stage == "Compress"
    assert early.requeue_after == 10
    late = status_of(plan(observed, status=standing(-30))).progress
    assert late is not None
    assert late.stage == "Export"


def test_run_without_a_pod_shows_no_progress() -> None:
    """One that Kueue holds, or the next start of one that was suspended."""
    made = status_of(plan(Observed(jobs=(make_job(),)), status=standing(-60)))
    assert made.progress is None


def test_suspended_run_shows_no_progress() -> None:
    observed = Observed(jobs=(make_job(),), pods=(pod_made(-900),))
    made = status_of(plan(observed, status=standing(-60), spec=spec_with(suspend=True)))
    assert made.progress is None


def test_steps_that_became_fewer_are_shown_as_they_are() -> None:
    """A strategy of two steps counts from nothing again in its second training."""
    made = shown(standing(-60), reported(0, step=1), pod_made(-900))
    assert made is not None
    assert (made["step"], made["percent"]) == (1, 1)


def test_progress_of_an_earlier_pod_goes_with_the_first_look_at_the_next() -> None:
    status = standing(-60)
    assert shown(status, pod=pod_made(-61)) == status["progress"]
    assert shown(status, pod=pod_made(-59)) is None
    text = json.dumps(status).encode()
    made = status_of(plan(Observed(jobs=(make_job(),), pods=(pod_made(-59),)), status=status))
    assert status_patch(text, made)["progress"] is None


def test_what_a_report_no_longer_says_goes_from_the_status() -> None:
    text = json.dumps(standing(-60)).encode()
    observed = Observed(
        jobs=(make_job(),), pods=(pod_made(-900),), reported=reported(0, totalSteps=None, etaSeconds=None)
    )
    patch = status_patch(text, status_of(plan(observed, status=json.loads(text))))
    gone = {"totalSteps": None, "percent": None, "etaSeconds": None}
    assert patch["progress"] == {"stage": "Compress", "step": 50, "lastUpdateTime": at(0), **gone}


def test_same_progress_is_no_write() -> None:
    text = json.dumps(standing(-600)).encode()
    made = status_of(plan(Observed(jobs=(make_job(),), pods=(pod_made(-900),)), status=json.loads(text)))
    assert "progress" not in status_patch(text, made)


def test_run_that_succeeded_shows_no_progress() -> None:
    status = standing(-60)
    pod = ended_pod(0, result("Succeeded", **PUBLISHED))
    made = plan(Observed(jobs=(complete_job(),), pods=(pod,), reported=reported(-5)), status=status)
    assert status_of(made).progress is None
    assert status_patch(json.dumps(status).encode(), status_of(made))["progress"] is None


@pytest.mark.parametrize(
    ("report", "step"),
    [
        pytest.param(None, 50, id="as it stood"),
        pytest.param(reported(-5, step=80), 80, id="as it was heard last, though not due"),
    ],
)
def test_run_that_failed_shows_how_far_it_came_and_no_estimate(report: Reported | None, step: int) -> None:
    status = standing(-20)
    pod = ended_pod(3, result("InvalidInput", "class id 7"))
    observed = Observed(jobs=(failed_job("PodFailurePolicy"),), pods=(pod,), reported=report, asked=True)
    made = status_of(plan(observed, status=status))
    assert made.progress is not None
    assert (made.progress.step, made.progress.eta_seconds) == (step, None)
    assert status_patch(json.dumps(status).encode(), made)["progress"]["etaSeconds"] is None


def test_progress_that_this_version_cannot_read_counts_as_none() -> None:
    text = json.dumps({"progress": {"stage": "Compress", "share": 0.5}}).encode()
    assert parse_status(text) == JobStatus()


EVALUATIONS = [{"step": 400, "miou": "0.4100"}, {"step": 800, "miou": "0.5200"}]


def evaluated(status: Wire, report: Reported | None, pod: ObservedPod | None = None) -> Any:
    """Return the evaluations of a run under way, in JSON."""
    observed = Observed(jobs=(make_job(),), pods=(pod or pod_made(-900),), reported=report)
    return status_of(plan(observed, status=status)).to_wire().get("evaluations")


def test_evaluations_are_written_when_they_are_due() -> None:
    status = {**standing(-29), "evaluations": EVALUATIONS[:1]}
    assert evaluated(status, reported(0, evaluations=EVALUATIONS)) == EVALUATIONS[:1]
    status = {**standing(-30), "evaluations": EVALUATIONS[:1]}
    assert evaluated(status, reported(0, evaluations=EVALUATIONS)) == EVALUATIONS


def test_an_evaluation_is_waited_for_that_is_not_due() -> None:
    observed = Observed(
        jobs=(make_job(),), pods=(pod_made(-900),), reported=reported(0, evaluations=EVALUATIONS)
    )
    assert plan(observed, status=standing(-20)).requeue_after == 10


def test_evaluations_stay_until_another_pod_has_some() -> None:
    status = {**standing(-60), "evaluations": EVALUATIONS}
    assert evaluated(status, None, pod_made(-59)) == EVALUATIONS
    assert evaluated(status, reported(0, stage="Fetch"), pod_made(-59)) == EVALUATIONS
    assert evaluated(status, reported(0, evaluations=EVALUATIONS[:1]), pod_made(-59)) == EVALUATIONS[:1]


def test_evaluations_of_an_earlier_pod_go_once_another_trains() -> None:
    """Those of its own training follow; one that finds the weights published keeps what they are of."""
    status = {**standing(-60), "evaluations": EVALUATIONS}
    assert evaluated(status, reported(0, stage="Compress"), pod_made(-59)) is None
    text = json.dumps(status).encode()
    observed = Observed(jobs=(make_job(),), pods=(pod_made(-59),), reported=reported(0))
    assert status_patch(text, status_of(plan(observed, status=status)))["evaluations"] is None
    assert evaluated(status, reported(0, stage="Evaluate"), pod_made(-59)) == EVALUATIONS


@pytest.mark.parametrize("reason", ["Succeeded", "InvalidInput"])
def test_a_run_that_has_ended_keeps_the_evaluations_that_were_heard_last(reason: str) -> None:
    good = reason == "Succeeded"
    pod = ended_pod(0, result(reason, **PUBLISHED)) if good else ended_pod(3, result(reason))
    job = complete_job() if good else failed_job("PodFailurePolicy")
    status = {**standing(-20), "evaluations": EVALUATIONS[:1]}
    for report, kept in ((None, EVALUATIONS[:1]), (reported(-1, evaluations=EVALUATIONS), EVALUATIONS)):
        observed = Observed(jobs=(job,), pods=(pod,), reported=report, asked=True)
        assert status_of(plan(observed, status=status)).to_wire()["evaluations"] == kept
