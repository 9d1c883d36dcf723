"""Early stopping: which trials a rule stops."""

import random
import statistics
from collections.abc import Callable
from typing import Any

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.trial import TrialState, create_trial

from segcompress_api.sweep import EarlyStopping
from segcompress_api.trials import Curve, Trial
from segcompress_operator.planning.sweeps.early import COMPARED_WITH, early_stops


def rule(name: str = "MedianStop", **changes: Any) -> EarlyStopping:
    usual = {"name": name, "startStep": 200, "minTrials": 3, "reductionFactor": 3}
    return EarlyStopping.model_validate({**usual, **changes}, by_name=False)


def trained(index: int, *mious: float, state: Any = "Running", every: int = 100) -> Trial:
    """Return a trial with an evaluation after each `every` steps."""
    found = tuple((every * number, miou) for number, miou in enumerate(mious, start=1))
    return Trial(index, f"t-{index}", {}, state, curve=found)


def stopped(asked: EarlyStopping, *trials: Trial) -> dict[str, str]:
    return {each.name: each.why for each in early_stops(asked, trials)}


DONE = [trained(n, *mious, state="Succeeded") for n, mious in enumerate([(0.4, 0.6), (0.5, 0.7), (0.6, 0.8)])]
"""Averages up to step 100: 0.4, 0.5, 0.6; up to step 200: 0.5, 0.6, 0.7."""


@pytest.mark.parametrize(
    ("mious", "why"),
    [
        pytest.param((0.1, 0.59), "mIoU 0.5900, median of 3 trials 0.6000", id="worse than the median"),
        pytest.param((0.1, 0.6), None, id="as good as the median"),
        pytest.param((0.65, 0.1), None, id="was better before"),
        pytest.param((0.1,), None, id="before startStep"),
    ],
)
def test_a_trial_is_stopped_if_its_best_is_worse_than_the_median_of_averages(
    mious: tuple[float, ...], why: str | None
) -> None:
    found = stopped(rule(), *DONE, trained(9, *mious))
    assert found == ({} if why is None else {"t-9": f"Stopped by MedianStop at step 200: {why}"})


def test_only_what_the_others_had_at_that_step_counts() -> None:
    early = rule(startStep=100)
    assert stopped(early, *DONE, trained(9, 0.5)) == {}
    assert [*stopped(early, *DONE, trained(9, 0.49))] == ["t-9"]
    assert [*stopped(early, *DONE, trained(9, 0.5, 0.5))] == ["t-9"]


def test_a_trial_that_missed_a_gate_was_trained_to_its_end() -> None:
    rejected = trained(2, 0.6, 0.8, state="Rejected")
    assert [*stopped(rule(), *DONE[:2], rejected, trained(9, 0.1, 0.1))] == ["t-9"]


@pytest.mark.parametrize("state", ["Running", "Stopped", "Failed"])
def test_the_median_is_that_of_trials_that_were_trained_to_their_end(state: str) -> None:
    other = trained(2, 0.6, 0.8, state=state)
    assert "t-9" not in stopped(rule(), *DONE[:2], other, trained(9, 0.1, 0.1))


def test_a_trial_that_was_evaluated_later_has_no_average_yet() -> None:
    late = trained(2, 0.9, state="Succeeded", every=300)
    assert stopped(rule(), *DONE[:2], late, trained(9, 0.1, 0.1)) == {}


@pytest.mark.parametrize("state", ["Succeeded", "Rejected", "Stopped", "Failed"])
def test_a_trial_that_has_ended_is_not_stopped(state: str) -> None:
    assert stopped(rule(), *DONE, trained(9, 0.1, 0.1, state=state)) == {}
    assert stopped(rule("ASHA"), *DONE, trained(9, 0.1, 0.1, state=state)) == {}


def test_a_trial_without_an_evaluation_goes_on() -> None:
    assert stopped(rule(), *DONE, trained(9)) == {}
    assert stopped(rule("ASHA"), *DONE, trained(9)) == {}


@pytest.mark.parametrize("name", ["MedianStop", "ASHA"])
def test_the_newest_trials_are_compared_with(name: str) -> None:
    old = [trained(n, 0.1, 0.1, state="Succeeded") for n in range(COMPARED_WITH)]
    new = [trained(n, 0.9, 0.9, state="Succeeded") for n in range(COMPARED_WITH // 2 + 1)]
    mine = trained(9999, 0.5, 0.5)
    assert stopped(rule(name, reductionFactor=2), *old, mine) == {}
    assert [*stopped(rule(name, reductionFactor=2), *old, *new, mine)] == ["t-9999"]


# ASHA: rungs at 200, 600 and 1800.


def rung(*mious: float, every: int = 200) -> list[Trial]:
    return [trained(n, miou, every=every) for n, miou in enumerate(mious)]


def test_the_best_third_of_a_rung_continues() -> None:
    found = stopped(rule("ASHA"), *rung(0.1, 0.2, 0.3, 0.4, 0.5, 0.6))
    assert [*found] == ["t-0", "t-1", "t-2", "t-3"]
    assert found["t-3"] == "Stopped by ASHA at step 200: mIoU 0.4000, 2 of 6 trials better, 2 may continue"


def test_the_best_of_few_continues() -> None:
    assert [*stopped(rule("ASHA", reductionFactor=10), *rung(0.1, 0.2, 0.3, 0.4))] == ["t-0", "t-1", "t-2"]


def test_trials_as_good_as_the_last_one_that_continues_do_too() -> None:
    assert stopped(rule("ASHA"), *rung(0.5, 0.5, 0.5, 0.5)) == {}


def test_too_few_at_a_rung_stop_nobody() -> None:
    assert stopped(rule("ASHA"), *rung(0.1, 0.2, 0.3)) == {}
    assert [*stopped(rule("ASHA", minTrials=2), *rung(0.1, 0.2, 0.3))] == ["t-0", "t-1"]


def test_nobody_is_stopped_before_the_first_rung() -> None:
    assert stopped(rule("ASHA"), *rung(0.1, 0.2, 0.3, 0.4, 0.5, every=199)) == {}


def test_a_trial_is_judged_at_its_last_rung() -> None:
    """It is the best at the second rung, whatever it had at the first, and nobody else is there but three."""
    others = [trained(n, 0.9, 0.5, 0.5, every=200) for n in range(3)]
    assert stopped(rule("ASHA"), *others, trained(9, 0.1, 0.1, 0.6, every=200)).keys() == {
        "t-0",
        "t-1",
        "t-2",
    }
    first = [trained(n, 0.9, 0.9, every=200) for n in range(3)]
    assert stopped(rule("ASHA"), *first, trained(9, 0.1, 0.1, 0.1, every=200)) == {}


@pytest.mark.parametrize("state", ["Succeeded", "Rejected", "Stopped", "Failed"])
def test_every_trial_that_reached_the_rung_is_compared_with(state: str) -> None:
    others = [trained(n, 0.1, 0.9, state=state) for n in range(3)]
    assert [*stopped(rule("ASHA"), *others, trained(9, 0.1, 0.5))] == ["t-9"]


def test_trials_are_compared_at_one_step() -> None:
    """A thinned curve may lack the step: what it had before counts, and not what it reached later."""
    thin = [Trial(n, f"t-{n}", {}, "Succeeded", curve=((100, 0.3), (500, 0.9))) for n in range(3)]
    assert stopped(rule("ASHA"), *thin, trained(9, 0.1, 0.4)) == {}
    late = [Trial(n, f"t-{n}", {}, "Succeeded", curve=((500, 0.9),)) for n in range(3)]
    assert stopped(rule("ASHA"), *late, trained(9, 0.1, 0.4)) == {}


@pytest.mark.parametrize("seed", range(20))
def test_the_last_one_at_a_rung_is_stopped_where_optuna_s_pruner_stops_it(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    count, factor = chance.randint(4, 20), chance.randint(2, 5)
    mious = [round(chance.random(), 4) for _ in range(count)]
    study = optuna.create_study(direction="maximize")
    for miou in mious[:-1]:
        study.add_trial(create_trial(state=TrialState.PRUNED, system_attrs={"completed_rung_0": miou}))
    asked = study.ask()
    asked.report(mious[-1], 200)
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=200, reduction_factor=factor)
    prunes = pruner.prune(study, study._storage.get_trial(asked._trial_id))
    found = stopped(rule("ASHA", reductionFactor=factor), *rung(*mious))
    assert (f"t-{count - 1}" in found) is prunes


@pytest.mark.parametrize("seed", range(20))
def test_the_median_rule_is_the_paper_s(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    curves = [[round(chance.random(), 4) for _ in range(8)] for _ in range(6)]
    length = chance.randint(2, 8)
    others = [trained(n, *mious, state="Succeeded") for n, mious in enumerate(curves[:5])]
    median = statistics.median(sum(mious[:length]) / length for mious in curves[:5])
    found = stopped(rule(), *others, trained(9, *curves[5][:length]))
    assert ("t-9" in found) is (max(curves[5][:length]) < median)


# Both rules by the letter, each trial beside all others at each step.


def up_to(trial: Trial, step: int) -> list[float]:
    return [miou for at, miou in trial.curve if at <= step]


def by_the_median(asked: EarlyStopping, trial: Trial, others: list[Trial]) -> bool:
    step = trial.curve[-1][0]
    completed = [each for each in others if each.state in ("Succeeded", "Rejected")]
    averages = [statistics.fmean(found) for each in completed if (found := up_to(each, step))]
    enough = step >= asked.start_step and len(averages) >= asked.min_trials
    return enough and max(up_to(trial, step)) < statistics.median(averages)


def by_halving(asked: EarlyStopping, trial: Trial, others: list[Trial]) -> bool:
    rungs = [asked.start_step * asked.reduction_factor**power for power in range(20)]
    passed = [rung for rung in rungs if rung <= trial.curve[-1][0]]
    if not passed:
        return False
    step = next(at for at, _ in trial.curve if at >= passed[-1])
    reached = [each for each in others if each.curve[-1][0] >= passed[-1]]
    values = [found[-1] for each in reached if (found := up_to(each, step))]
    better = sum(value > up_to(trial, step)[-1] for value in values)
    kept = max(len(values) // asked.reduction_factor, 1)
    return len(values) > asked.min_trials and better >= kept


@st.composite
def curves(draw: st.DrawFn) -> Curve:
    """Return evaluations at steps of their own, with few values: ties matter."""
    steps = sorted(draw(st.sets(st.integers(1, 40), min_size=1, max_size=8)))
    return tuple((step, draw(st.integers(1, 9)) / 10) for step in steps)


@pytest.mark.parametrize(("name", "stops"), [("MedianStop", by_the_median), ("ASHA", by_halving)])
@settings(deadline=None)
@given(trainings=st.lists(st.tuples(curves(), st.sampled_from(("Running", "Succeeded", "Stopped")))))
def test_a_rule_stops_whom_it_would_stop_one_by_one(
    name: str, stops: Callable[..., bool], trainings: list[tuple[Curve, Any]]
) -> None:
    asked = rule(name, startStep=3, minTrials=2, reductionFactor=2)
    trials = [Trial(n, f"t-{n}", {}, state, curve=curve) for n, (curve, state) in enumerate(trainings)]
    running = [trial for trial in trials if trial.state == "Running"]
    expected = [trial.name for trial in running if stops(asked, trial, trials)]
    assert [each.name for each in early_stops(asked, trials)] == expected
