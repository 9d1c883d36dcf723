"""What a pod may report, as hostile input, and when progress is worth a write."""

import json
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from segcompress_api.progress import (
    EVALUATIONS_LIMIT,
    REPORT_BYTES,
    ProgressReport,
    Stage,
    TrainingEvaluation,
    seconds_until_due,
    thinned,
)

GOOD: dict[str, Any] = {"stage": "Compress", "step": 3200, "totalSteps": 9000, "etaSeconds": 1900}


def test_report_comes_out_as_it_went_in() -> None:
    report = ProgressReport.model_validate_json(json.dumps(GOOD))
    assert report.to_wire() == GOOD
    assert report.percent == 35


def test_largest_report_fits() -> None:
    most = 2**31 - 1
    evaluations = curve(range(most - EVALUATIONS_LIMIT, most))
    report = ProgressReport(
        stage=Stage.BENCHMARK, step=most, total_steps=most, eta_seconds=most, evaluations=evaluations
    )
    assert len(report.model_dump_json(by_alias=True)) < REPORT_BYTES / 2


def curve(steps: Iterable[int]) -> tuple[TrainingEvaluation, ...]:
    return tuple(TrainingEvaluation(step=step, miou="0.5000") for step in steps)


def added(steps: Iterable[int], best: int = 0) -> list[int]:
    """Return the steps that are kept if an evaluation is added after each of `steps`."""
    kept: tuple[TrainingEvaluation, ...] = ()
    for step in steps:
        miou = "0.9000" if step == best else "0.5000"
        kept = thinned((*kept, TrainingEvaluation(step=step, miou=miou)))
    return [each.step for each in kept]


def test_few_evaluations_are_all_kept() -> None:
    steps = [*range(100, 100 * EVALUATIONS_LIMIT + 1, 100)]
    assert added(steps) == steps


@pytest.mark.parametrize("count", [21, 40, 100, 1000])
def test_many_evaluations_are_spread_from_the_first_to_the_last(count: int) -> None:
    kept = added(range(1, count + 1))
    gaps = [following - step for step, following in pairwise(kept)]
    assert (len(kept), kept[0], kept[-1]) == (EVALUATIONS_LIMIT, 1, count)
    assert max(gaps) <= 4 * count / EVALUATIONS_LIMIT


@pytest.mark.parametrize("best", [2, 7, 300, 999])
def test_the_best_evaluation_is_kept(best: int) -> None:
    assert best in added(range(1, 1001), best)


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
        pytest.param({"evaluations": [{"step": 9, "miou": "1.1"}]}, id="more than all"),
        pytest.param({"evaluations": [{"step": 9, "miou": "-0.1"}]}, id="less than nothing"),
        pytest.param({"evaluations": [{"step": 9, "miou": 0.5}]}, id="a float"),
        pytest.param({"evaluations": [{"step": 0, "miou": "0.5"}]}, id="evaluated before it was trained"),
        pytest.param({"evaluations": [{"step": 9, "miou": "0.5"}] * 2}, id="one step twice"),
        pytest.param(
            {"evaluations": [{"step": step, "miou": "0.5"} for step in (9, 7)]}, id="in another order"
        ),
        pytest.param(
            {"evaluations": [{"step": step, "miou": "0.5"} for step in range(1, 22)]}, id="too many"
        ),
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
