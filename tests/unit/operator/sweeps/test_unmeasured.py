"""Sweeps whose objectives and constraints name metrics that trials do not measure."""

import pytest

from unit.operator.sweeps.sweep_samples import (
    NAMES,
    RATIO,
    P,
    child,
    conditions,
    ended,
    message,
    names,
    plan,
    points,
    spec_body,
)

CONTOURS = [{"metric": "compressed.boundaryIou", "goal": "Maximize"}]
HAVE = "compressed.miou, compressed.latencyMs, compressed.sizeBytes, miouDrop"


@pytest.mark.parametrize("measured", [1, 2, 3])
def test_a_metric_that_no_trial_measures_ends_the_sweep_after_three_trials(measured: int) -> None:
    spec = spec_body(objectives=CONTOURS, constraints=[{"metric": "worstClass.iouDrop", "max": "0.1"}])
    statuses = [ended(miou=0.8, latency=9), ended("AcceptanceNotMet", miou=0.5, latency=9)] * 2
    children = [child(n, P[n], statuses[n]) for n in range(measured)]
    made = plan(*children, child(measured, P[measured]), spec=spec)
    assert (names(made) == []) is ("FailureTarget" in conditions(made)) is (measured == 3)
    if measured == 3:
        missing = "compressed.boundaryIou, worstClass.iouDrop"
        words = f"none of the 3 trial(s) measured so far has {missing}; they have: {HAVE}"
        assert message(made, "FailureTarget") == ("MetricNotMeasured", words)


def test_a_metric_that_one_trial_has_costs_no_other_trial() -> None:
    """A parameter may decide whether a metric is measured, such as the sparsity of a model."""
    with_contours = ended(miou=0.9, latency=9)
    with_contours["metrics"]["compressed"]["boundaryIou"] = "0.7000"
    others = [child(n, P[n], ended(miou=0.8, latency=9)) for n in range(1, 4)]
    made = plan(child(0, P[0], with_contours), *others, spec=spec_body(objectives=CONTOURS))
    assert names(made) == NAMES[4:6]


def test_a_short_sweep_without_the_metric_says_so_at_its_end() -> None:
    made = plan(child(0, P[0], ended(miou=0.9, latency=9)), spec=spec_body(objectives=CONTOURS, maxTrials=1))
    assert message(made, "Failed")[0] == "MetricNotMeasured"


def test_trials_without_any_metrics_say_nothing_of_a_metric() -> None:
    children = [child(n, P[n], ended("RunnerCrashed")) for n in range(4)]
    assert names(plan(*children, spec=spec_body(objectives=CONTOURS))) == NAMES[4:6]


DISTILLATION = {"name": "teacher", "path": "strategy.Distillation", "values": ["null", '{"alpha": 1.0}']}


@pytest.mark.parametrize(
    ("measured", "ends"), [pytest.param(3, False, id="one choice"), pytest.param(4, True, id="every choice")]
)
def test_a_metric_that_another_choice_may_bring_is_waited_for(measured: int, *, ends: bool) -> None:
    """Numbers decide how well a model measures, and not what is measured."""
    tried = [{"teacher": text, "ratio": n} for text in DISTILLATION["values"] for n in RATIO["values"]]
    children = [child(n, tried[n], ended(miou=0.8, latency=9)) for n in range(measured)]
    made = plan(*children, spec=spec_body(parameters=[DISTILLATION, RATIO], objectives=CONTOURS))
    assert points(made) == ([] if ends else tried[3:5])
    assert message(made, "Finished")[0] == ("MetricNotMeasured" if ends else "NotFinished")
