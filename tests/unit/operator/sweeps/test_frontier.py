"""The Pareto set: against its definition, and in a bounded status."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segcompress_api.sweep import Constraint, Objective
from segcompress_api.trials import Target, Trial, frontier_of
from segcompress_operator.planning.sweeps.frontier import BYTES_LIMIT, shown

MIOU = Objective(metric="compressed.miou", goal="Maximize")
LATENCY = Objective(metric="compressed.latencyMs", goal="Minimize")
SIZE = Objective(metric="compressed.sizeBytes", goal="Minimize")
OBJECTIVES = (MIOU, LATENCY, SIZE)
TARGET = Target(OBJECTIVES, (Constraint(metric="miouDrop", max="0.01"),))

FIGURES = st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 5))


def made(index: int, figures: tuple[int, int, int], drop: str = "0.01", state: str = "Succeeded") -> Trial:
    names = ("compressed.miou", "compressed.latencyMs", "compressed.sizeBytes")
    texts = dict(zip(names, map(str, figures), strict=True))
    return Trial(index, f"t-{index}", {"x": str(index)}, state, figures={**texts, "miouDrop": drop})  # type: ignore[arg-type]


def beats(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    better = (-one[0], *one[1:]), (-other[0], *other[1:])
    return better[0] != better[1] and all(a <= b for a, b in zip(*better, strict=True))


@settings(deadline=None)
@given(st.lists(FIGURES, max_size=40), st.integers(1, 3))
def test_the_frontier_is_what_nothing_beats(figures: list[tuple[int, int, int]], count: int) -> None:
    trials = [made(index, each) for index, each in enumerate(figures)]
    found = {trial.index for trial in frontier_of(trials, replace(TARGET, objectives=OBJECTIVES[:count]))}
    seen = [each[:count] for each in figures]
    assert found == {
        index for index, each in enumerate(seen) if not any(beats(other, each) for other in seen)
    }


@settings(deadline=None)
@given(st.lists(FIGURES, min_size=1, max_size=40), st.randoms())
def test_the_order_of_the_trials_changes_nothing(
    figures: list[tuple[int, int, int]], chance: st.DataObject
) -> None:
    trials = [made(index, each) for index, each in enumerate(figures)]
    mixed = [*trials]
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert frontier_of(mixed, TARGET) == frontier_of(trials, TARGET)


@pytest.mark.parametrize(
    "trial",
    [
        pytest.param(made(1, (9, 1, 1), drop="0.0101"), id="breaks a constraint"),
        pytest.param(made(1, (9, 1, 1), state="Rejected"), id="missed a gate"),
        pytest.param(made(1, (9, 1, 1), state="Running"), id="runs"),
        pytest.param(Trial(1, "t-1", {}, "Succeeded", figures={"compressed.miou": "9"}), id="not measured"),
    ],
)
def test_what_cannot_be_shipped_is_not_on_it(trial: Trial) -> None:
    assert [each.index for each in frontier_of([made(0, (1, 1, 1)), trial], TARGET)] == [0]


def test_a_least_value_is_a_constraint_too() -> None:
    target = Target((MIOU,), (Constraint(metric="speedup", min="1.2"),))
    slow, fast = (
        Trial(n, f"t-{n}", {}, "Succeeded", figures={"compressed.miou": "0.9", "speedup": text})
        for n, text in enumerate(("1.1999", "1.2"))
    )
    assert frontier_of([slow, fast], target) == [fast]


def test_a_long_frontier_is_shown_from_end_to_end() -> None:
    trials = [made(index, (index, index, 1)) for index in range(100)]
    entries = shown(frontier_of(trials, TARGET), TARGET)
    assert len(entries) == 20
    assert (entries[0].name, entries[-1].name) == ("t-99", "t-0")
    assert len({entry.name for entry in entries}) == 20


def test_the_frontier_in_a_status_is_bounded_whatever_the_parameters_hold() -> None:
    point = {f"p{number}": "v" * 256 for number in range(16)}
    trials = [
        Trial(index, f"t-{index}", point, "Succeeded", figures=made(index, (index, index, 1)).figures)
        for index in range(100)
    ]
    entries = shown(frontier_of(trials, TARGET), TARGET)
    assert 1 < len(entries) < 20
    assert len(json.dumps([entry.to_wire() for entry in entries])) <= BYTES_LIMIT
    assert (entries[0].name, entries[-1].name) == ("t-99", "t-0")


def test_an_entry_shows_what_objectives_and_constraints_name() -> None:
    (entry,) = shown([made(3, (1, 2, 3))], TARGET)
    assert entry.to_wire() == {
        "name": "t-3",
        "parameters": {"x": "3"},
        "metrics": {
            "compressed.miou": "1",
            "compressed.latencyMs": "2",
            "compressed.sizeBytes": "3",
            "miouDrop": "0.01",
        },
    }
