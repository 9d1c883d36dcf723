"""Each algorithm: the same trials give the same next ones, no point is tried twice, and learning helps."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segcompress_api.space import Space, space_of
from segcompress_api.trials import Trial
from segcompress_operator.planning.sweeps import learned
from segcompress_operator.planning.sweeps.search import Tried, end_of, propose
from unit.operator.sweeps.sweep_samples import RATE, RATIO, sweep_spec, trial

DENSE = {"name": "ratio", "path": RATIO["path"], "range": {"min": "0.3", "max": "0.95"}}
LEARNERS = ("TPE", "NSGAII")
ALGORITHMS = ("Random", *LEARNERS)


def searched(name: str, *parameters: dict[str, Any], startup: int = 4, **changes: Any) -> Any:
    algorithm = {"name": name, "seed": 3, "startupTrials": startup}
    return sweep_spec(algorithm=algorithm, parameters=list(parameters or (DENSE, RATE)), **changes)


def measured(index: int, point: Mapping[str, str]) -> Trial:
    """Return what a training would find: the best rate is 0.01, and zeros cost accuracy and save time."""
    ratio = float(point["ratio"])
    drop = max(0.0, ratio - 0.6) * 0.1 + abs(math.log10(float(point.get("lr", "0.01"))) + 2) * 0.02
    figures = {"compressed.miou": f"{0.9 - drop:.4f}", "compressed.latencyMs": f"{50 - 20 * ratio:.3f}"}
    return Trial(index, f"t-{index}", point, "Succeeded", figures={**figures, "miouDrop": f"{drop:.4f}"})


def proposed(
    spec: Any, space: Space, trials: Sequence[Trial], indices: Sequence[int]
) -> dict[int, Mapping[str, str]]:
    keys = {space.key(each.point) for each in trials}
    return {**propose(spec, space, Tried(trials, keys), indices)}


def played(spec: Any, rounds: int, at_once: int = 2) -> list[Trial]:
    space = space_of(spec.parameters)
    trials: list[Trial] = []
    for start in range(0, rounds * at_once, at_once):
        made = proposed(spec, space, trials, range(start, start + at_once))
        trials += [measured(index, point) for index, point in made.items()]
    return trials


@pytest.mark.parametrize("name", ALGORITHMS)
def test_same_trials_give_the_same_proposals(name: str) -> None:
    spec = searched(name)
    space = space_of(spec.parameters)
    trials = [*played(spec, 5), trial(20, {"ratio": "0.5", "lr": "0.02"}, "Running")]
    first = proposed(spec, space, trials, [21, 22])
    assert first == proposed(spec, space, trials, [21, 22])
    other = searched(name).model_copy(update={"algorithm": spec.algorithm.model_copy(update={"seed": 4})})
    assert first != proposed(other, space, trials, [21, 22])


@pytest.mark.parametrize("name", ALGORITHMS)
def test_one_decision_for_two_trials_equals_two_decisions(name: str) -> None:
    spec = searched(name)
    space = space_of(spec.parameters)
    trials = played(spec, 5)
    first = proposed(spec, space, trials, [10])
    under_way = [*trials, trial(10, first[10], "Running")]
    assert proposed(spec, space, trials, [10, 11]) == first | proposed(spec, space, under_way, [11])


@pytest.mark.parametrize("name", ALGORITHMS)
def test_no_point_comes_twice_and_a_finite_space_is_searched_to_its_end(name: str) -> None:
    seeds = {"name": "seed", "path": "seed", "range": {"min": "1", "max": "4"}}
    spec = searched(name, RATIO, seeds)
    space = space_of(spec.parameters)
    trials = played(spec, rounds=6)
    assert space.size == end_of(spec, space) == len({space.key(each.point) for each in trials}) == 12


@pytest.mark.parametrize("name", LEARNERS)
def test_a_searched_space_has_nothing_new(name: str) -> None:
    spec = searched(name, RATIO)
    trials = played(spec, rounds=3, at_once=1)
    assert proposed(spec, space_of(spec.parameters), trials, [3]) == {}


@pytest.mark.parametrize(
    "parameter", [RATIO, {"name": "ratio", "path": "seed", "range": {"min": "1", "max": "3", "scale": "Log"}}]
)
@pytest.mark.parametrize("name", LEARNERS)
def test_that_nothing_new_is_left_is_found_out_once_for_all_that_may_run(
    name: str, parameter: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = searched(name, parameter)
    space = space_of(spec.parameters)
    texts = parameter.get("values", ["1", "2", "3"])
    trials = [trial(index, {"ratio": text}, "Running") for index, text in enumerate(texts)]
    asked = iter(range(learned.ATTEMPTS))
    ask = learned._Search._ask

    def counted(search: Any, seed: int) -> Mapping[str, str]:
        next(asked)
        return ask(search, seed)

    monkeypatch.setattr(learned._Search, "_ask", counted)
    assert proposed(spec, space, trials, range(3, 30)) == {}
    assert next(asked, None) is None


@pytest.mark.parametrize("name", LEARNERS)
def test_trials_under_way_are_not_proposed_again(name: str) -> None:
    spec = searched(name, RATIO)
    space = space_of(spec.parameters)
    running = [trial(index, {"ratio": text}, "Running") for index, text in enumerate(("0.5", "0.8"))]
    assert proposed(spec, space, running, [2]) == {2: {"ratio": "0.65"}}
    assert proposed(spec, space, running, [2, 3]) == {2: {"ratio": "0.65"}}


@pytest.mark.parametrize("name", ALGORITHMS)
def test_whole_numbers_on_a_log_scale_end_when_all_were_tried(name: str) -> None:
    few = {"name": "ratio", "path": "seed", "range": {"min": "1", "max": "3", "scale": "Log"}}
    spec = searched(name, few)
    space = space_of(spec.parameters)
    trials = [trial(index, {"ratio": str(index + 1)}, "Running") for index in range(3)]
    assert space.size is None
    assert proposed(spec, space, trials, [3]) == {}


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(6)))
def test_a_random_trial_follows_from_its_index_whatever_was_asked_before(order: list[int]) -> None:
    spec = searched("Random")
    space = space_of(spec.parameters)
    together = proposed(spec, space, [], range(6))
    one_by_one: dict[int, Mapping[str, str]] = {}
    for index in order:
        known = [trial(made, point) for made, point in one_by_one.items()]
        one_by_one |= proposed(spec, space, known, [index])
    assert one_by_one == together


@pytest.mark.parametrize("name", LEARNERS)
def test_learning_beats_chance(name: str) -> None:
    def regret(algorithm: str) -> float:
        spec = searched(algorithm, startup=10, objectives=[{"metric": "compressed.miou", "goal": "Maximize"}])
        late = played(spec, rounds=40)[40:]
        return sum(0.9 - float(each.figures["compressed.miou"]) for each in late) / len(late)

    assert regret(name) < 0.75 * regret("Random")


@pytest.mark.parametrize("name", LEARNERS)
def test_broken_constraints_are_avoided(name: str) -> None:
    def broken(**changes: Any) -> int:
        spec = searched(
            name,
            startup=10,
            objectives=[{"metric": "compressed.latencyMs", "goal": "Minimize"}],
            **changes,
        )
        return sum(float(each.figures["miouDrop"]) > 0.01 for each in played(spec, rounds=40)[40:])

    assert broken(constraints=[{"metric": "miouDrop", "max": "0.01"}]) < 0.7 * broken()


def stopped(index: int, ratio: float) -> Trial:
    """Return a trial that early stopping stopped: those of low ratios were the worse ones."""
    return Trial(
        index, f"t-{index}", {"ratio": f"{ratio}"}, "Stopped", curve=((100, ratio / 2), (200, ratio))
    )


@pytest.mark.parametrize("goal", ["Maximize", "Minimize"])
def test_tpe_avoids_where_trials_were_stopped_early(goal: str) -> None:
    metric = "compressed.miou" if goal == "Maximize" else "miouDrop"
    spec = searched("TPE", DENSE, objectives=[{"metric": metric, "goal": goal}])
    space = space_of(spec.parameters)
    trials = [stopped(index, 0.3 + index / 100) for index in range(60)]
    points = [proposed(spec, space, trials, [index])[index] for index in range(100, 130)]
    assert sum(float(point["ratio"]) > 0.6 for point in points) > 20


@pytest.mark.parametrize(
    ("state", "latency"),
    [pytest.param("Rejected", "1", id="gate"), pytest.param("Succeeded", "9", id="constraint")],
)
def test_tpe_prefers_trials_that_were_measured_to_stopped_ones(state: str, latency: str) -> None:
    miou, fast = (
        {"metric": "compressed.miou", "goal": "Maximize"},
        {"metric": "compressed.latencyMs", "max": "5"},
    )
    spec = searched("TPE", DENSE, objectives=[miou], constraints=[fast])
    space = space_of(spec.parameters)
    trials = [stopped(index, 0.3 + index / 100) for index in range(30)]
    trials += [
        trial(
            index,
            {"ratio": f"{0.3 + index / 100}"},
            state,
            compressed_miou="0.8",
            compressed_latencyMs=latency,
        )
        for index in range(30, 60)
    ]
    points = [proposed(spec, space, trials, [index])[index] for index in range(100, 130)]
    assert sum(float(point["ratio"]) > 0.6 for point in points) > 20


@pytest.mark.parametrize("name", LEARNERS)
def test_points_of_stopped_trials_are_not_proposed_again(name: str) -> None:
    spec = searched(name, RATIO)
    space = space_of(spec.parameters)
    trials = [stopped(0, 0.5), stopped(1, 0.65)]
    assert proposed(spec, space, trials, [2, 3]) == {2: {"ratio": "0.8"}}


def test_with_several_objectives_a_stopped_trial_counts_as_one_under_way() -> None:
    spec = searched("TPE", DENSE)
    space = space_of(spec.parameters)
    known = [measured(index, {"ratio": f"{0.4 + index / 20}"}) for index in range(8)]
    under_way = Trial(9, "t-9", {"ratio": "0.62"}, "Running")
    found = proposed(spec, space, [*known, stopped(9, 0.62)], [10])
    assert found == proposed(spec, space, [*known, under_way], [10])


@pytest.mark.parametrize("name", LEARNERS)
def test_trials_without_figures_or_outside_the_space_are_not_learned_from(name: str) -> None:
    spec = searched(name)
    space = space_of(spec.parameters)
    trials = played(spec, 5)
    odd = [
        trial(30, {"ratio": "0.4", "lr": "0.02"}, "Failed"),
        trial(31, {}, "Succeeded", compressed_miou="0.9"),
        trial(32, {"ratio": "7", "lr": "0.02"}, "Succeeded", compressed_miou="0.9", compressed_latencyMs="1"),
        trial(33, {"ratio": "word", "lr": "nan"}, "Running"),
    ]
    assert proposed(spec, space, trials, [40]) == proposed(spec, space, [*trials, *odd], [40])


def test_a_sweep_ends_at_max_trials_or_at_its_last_point() -> None:
    assert end_of(searched("Random", RATIO, maxTrials=2), space_of(searched("Random", RATIO).parameters)) == 2
    assert end_of(searched("Random", maxTrials=9), space_of(searched("Random").parameters)) == 9
