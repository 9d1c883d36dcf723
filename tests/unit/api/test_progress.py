"""What a pod may report, as hostile input, and when progress is worth a write."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from segcompress_api.progress import REPORT_BYTES, ProgressReport, Stage, seconds_until_due

GOOD: dict[str, Any] = {"stage": "Compress", "step": 3200, "totalSteps": 9000, "etaSeconds": 1900}


def test_report_comes_out_as_it_went_in() -> None:
    report = ProgressReport.model_validate_json(json.dumps(GOOD))
    assert report.to_wire() == GOOD
    assert report.percent == 35


def test_largest_report_fits() -> None:
    most = 2**31 - 1
    report = ProgressReport(stage=Stage.BENCHMARK, step=most, total_steps=most, eta_seconds=most)
    assert len(report.model_dump_json(by_alias=True)) < REPORT_BYTES / 2


@pytest.mark.parametrize(
    ("step", "total", "percent"),
    [(0, 3, 0), (1, 3, 33), (2, 3, 66), (3, 3, 100), (199, 200, 99), (7, None, None)],
)
def test_percent_is_whole_and_never_ahead(step: int, total: int | None, percent: int | None) -> None:
    assert ProgressReport(stage=Stage.FETCH, step=step, total_steps=total).percent == percent


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"stage": "Finished"}, id="unknown stage"),
        pytest.param({"stage": 4}, id="stage as a number"),
        pytest.param({"step": -1}, id="negative"),
        pytest.param({"step": 9001}, id="more than there are"),
        pytest.param({"step": 2**31}, id="too large"),
        pytest.param({"step": 10**400}, id="far too large"),
        pytest.param({"step": 1.5}, id="half a step"),
        pytest.param({"step": "7"}, id="number in quotes"),
        pytest.param({"step": True}, id="truth for a number"),
        pytest.param({"step": None}, id="no step"),
        pytest.param({"totalSteps": 0}, id="a total of none"),
        pytest.param({"etaSeconds": float("nan")}, id="NaN"),
        pytest.param({"etaSeconds": float("inf")}, id="infinity"),
        pytest.param({"percent": 100}, id="a share that the operator computes"),
        pytest.param({"lastUpdateTime": "2026-11-01T12:00:00Z"}, id="a time that the operator takes"),
        pytest.param({"podUid": "another"}, id="whose it is"),
    ],
)
def test_report_that_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ProgressReport.model_validate_json(json.dumps({**GOOD, **changes}))


@pytest.mark.parametrize(
    ("moved", "seconds", "due"),
    [(True, 29.9, False), (True, 30, True), (False, 30, False), (False, 299, False), (False, 300, True)],
)
def test_progress_is_told_every_half_a_minute_or_every_five(
    *, moved: bool, seconds: float, due: bool
) -> None:
    assert (seconds_until_due(moved=moved, seconds=seconds) <= 0) is due
