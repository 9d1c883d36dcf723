"""Comparisons of jobs."""

import pytest

from integration.operator.objects import METRICS
from segcompress.client import Comparison, compare
from segcompress.client.comparison import caution, table
from segcompress_api.job import SegCompressionJob
from segcompress_api.status import Metrics
from unit.client.jobs import STATES, job_in


@pytest.mark.parametrize("state", STATES)
def test_every_state_has_a_row_of_all_columns(state: str) -> None:
    header, row = table(compare([job_in(state)]))
    assert len(row) == len(header)
    assert all(row)


def test_row_shows_the_model_before_and_after() -> None:
    _, row = table(compare([job_in("succeeded", metrics=METRICS)]))
    assert row == (
        *("demo", "Succeeded", "passed"),
        *("0.9287", "0.9235", "0.0052"),
        *("56.363", "37.712", "1.4946x"),
        *("542.9", "542.9", "0.7497"),
        "PaddleInference",
    )


@pytest.mark.parametrize(
    ("state", "phase", "gates"),
    [
        ("gate-missed", "Failed", "AcceptanceNotMet"),
        ("input-not-found", "Failed", "-"),
        ("new", "Pending", "-"),
    ],
)
def test_row_says_which_gate_was_missed(state: str, phase: str, gates: str) -> None:
    _, row = table(compare([job_in(state)]))
    assert row[1:3] == (phase, gates)


def test_trials_have_a_column_for_each_parameter() -> None:
    trials = [trial_at('{"ratio":"0.5","rate":"0.01"}'), trial_at('{"ratio":"0.65"}'), trial_at("{")]
    header, *rows = table(compare(trials))
    assert header[:5] == ("NAME", "ratio", "rate", "PHASE", "GATES")
    assert [row[1:4] for row in rows] == [
        ("0.5", "0.01", "Succeeded"),
        ("0.65", "-", "Succeeded"),
        ("-", "-", "Succeeded"),
    ]
    assert {len(row) for row in rows} == {len(header)}


def trial_at(parameters: str) -> SegCompressionJob:
    trial = job_in("succeeded", metrics=METRICS)
    annotated = trial.metadata.model_copy(update={"annotations": {"segcompress.dev/parameters": parameters}})
    return trial.model_copy(update={"metadata": annotated})


def measured(runtime: str, processor: str | None) -> Comparison:
    metrics = Metrics.model_validate(
        {"baseline": {"miou": "0.9", "sizeBytes": 1}, "runtime": runtime, "processor": processor}
    )
    return Comparison("demo", "Succeeded", accepted=True, missed=None, metrics=metrics)


@pytest.mark.parametrize(
    ("places", "warned"),
    [
        pytest.param([("MNN", "EPYC"), ("MNN", "EPYC")], False, id="same"),
        pytest.param([("MNN", "EPYC"), ("MNN", "Xeon")], True, id="other processor"),
        pytest.param([("MNN", "EPYC"), ("OpenVINO", "EPYC")], True, id="other runtime"),
        pytest.param([("MNN", None)], False, id="one"),
    ],
)
def test_latencies_of_different_machines_are_not_compared_in_silence(
    places: list[tuple[str, str | None]], *, warned: bool
) -> None:
    assert bool(caution([measured(*place) for place in places])) is warned
