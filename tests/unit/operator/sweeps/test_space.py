"""Axes, points, and the spec at a point."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segcompress_api.errors import InvalidSpecError
from segcompress_api.parameters import Parameter
from segcompress_api.space import Interval, Space, Steps, shuffled, space_of
from unit.operator.samples import SPEC
from unit.operator.sweeps.sweep_samples import RATE, RATIO, SEED


def space(*parameters: dict[str, Any]) -> Space:
    return space_of([Parameter.model_validate(each, by_name=False) for each in parameters])


def ranged(path: str = "strategy.UnstructurePrune.ratio", **bounds: str) -> dict[str, Any]:
    return {"name": "x", "path": path, "range": bounds}


def every(made: Space) -> list[str]:
    assert made.size is not None
    return [made.in_order(index)["x"] for index in range(made.size)]


def test_a_grid_lists_every_combination_and_changes_the_last_parameter_first() -> None:
    made = space(RATIO, SEED)
    assert made.size == 6
    found = [tuple(made.in_order(index).values()) for index in range(6)]
    assert found == [("0.5", "1"), ("0.5", "2"), ("0.65", "1"), ("0.65", "2"), ("0.8", "1"), ("0.8", "2")]


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        pytest.param(ranged(min="0.5", max="0.8", step="0.1"), ["0.5", "0.6", "0.7", "0.8"], id="exact"),
        pytest.param(ranged(min="0.5", max="0.79", step="0.1"), ["0.5", "0.6", "0.7"], id="max in between"),
        pytest.param(ranged("seed", min="1", max="3"), ["1", "2", "3"], id="whole numbers"),
        pytest.param(ranged("seed", min="0.5", max="3.9"), ["1", "2", "3"], id="bounds between whole ones"),
        pytest.param(
            ranged(min="1e-3", max="3e-3", step="1e-3"), ["0.001", "0.002", "0.003"], id="exponents"
        ),
    ],
)
def test_a_range_with_a_step_is_counted(parameter: dict[str, Any], expected: list[str]) -> None:
    assert every(space(parameter)) == expected


def test_numbers_are_ordered_and_words_are_not() -> None:
    words = {"name": "x", "path": "strategy.preset", "values": ["QuantDistillation", "ChannelPrune"]}
    numbers = {"name": "x", "path": "seed", "values": ["10", "9"]}
    assert every(space(words)) == ["QuantDistillation", "ChannelPrune"]
    assert every(space(numbers)) == ["9", "10"]


def test_a_range_without_a_step_cannot_be_counted() -> None:
    assert space(RATIO, RATE).size is None


@settings(deadline=None)
@given(st.integers(1, 500), st.integers(0, 2**31))
def test_a_shuffled_order_has_each_index_once(size: int, seed: int) -> None:
    assert sorted(shuffled(index, size, seed) for index in range(size)) == list(range(size))


def test_orders_differ_with_the_seed() -> None:
    orders = {tuple(shuffled(index, 50, seed) for index in range(50)) for seed in range(20)}
    assert len(orders) == 20


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 2**31))
def test_a_point_at_random_follows_from_seed_and_index_and_keeps_the_bounds(index: int, seed: int) -> None:
    made = space(RATIO, RATE)
    point = made.at_random(index, seed)
    assert point == made.at_random(index, seed)
    assert point["ratio"] in RATIO["values"]
    assert 0.001 <= float(point["lr"]) <= 0.1


def test_a_log_range_is_drawn_by_its_exponents() -> None:
    made = space(RATE)
    drawn = [math.log10(float(made.at_random(index, 3)["lr"])) for index in range(2000)]
    assert sum(exponent < -2 for exponent in drawn) / 2000 == pytest.approx(0.5, abs=0.05)


@settings(deadline=None)
@given(st.floats(0.001, 0.1), st.booleans())
def test_a_number_is_rounded_to_one_spelling_within_the_bounds(value: float, log: bool) -> None:  # noqa: FBT001
    axis = space(ranged(min="0.001", max="0.1", scale="Log" if log else "Linear")).axes["x"]
    text = axis.text(value)  # type: ignore[union-attr]
    assert axis.number(text) == pytest.approx(value, rel=1e-5)  # type: ignore[union-attr]
    assert axis.text(float(text)) == text  # type: ignore[union-attr]


def test_a_huge_grid_is_not_built() -> None:
    made = space(*({**ranged(min="0", max="1", step="0.0001"), "name": f"p{n}"} for n in range(1)), RATIO)
    assert made.size == 30_003
    many = space(
        *(
            {"name": f"p{n}", "path": f"runtime.nodeSelector.k{n}", "values": [str(v) for v in range(64)]}
            for n in range(16)
        )
    )
    assert many.size == 64**16
    assert len({many.key(many.at_random(index, 1)) for index in range(200)}) == 200


def test_values_become_what_the_field_holds() -> None:
    made = space(
        RATIO,
        SEED,
        {"name": "drop", "path": "acceptance.maxMiouDrop", "values": ["0.01"]},
        {"name": "block", "path": "strategy.UnstructurePrune.sparse_block", "values": ["[4, 1]"]},
        {"name": "decay", "path": "strategy.TrainConfig.optimizer_builder.weight_decay", "values": ["5e-4"]},
        {"name": "cpu", "path": "runtime.resources.limits.cpu", "values": ["2"]},
        {"name": "mode", "path": "strategy.UnstructurePrune.prune_strategy", "values": ["gmp"]},
        {"name": "local", "path": "strategy.UnstructurePrune.local_sparsity", "values": ["true"]},
        {
            "name": "layers",
            "path": "strategy.UnstructurePrune.layer_ratios",
            "values": ['{"conv2d_65.w_0": 0.8}'],
        },
    )
    spec = made.spec_at(SPEC, made.in_order(0))
    prune = spec["strategy"]["UnstructurePrune"]
    assert prune == {
        "ratio": 0.5,
        "sparse_block": [4, 1],
        "prune_strategy": "gmp",
        "local_sparsity": True,
        "layer_ratios": {"conv2d_65.w_0": 0.8},
    }
    assert (spec["seed"], spec["acceptance"]) == (1, {"maxMiouDrop": "0.01"})
    assert spec["strategy"]["TrainConfig"]["optimizer_builder"] == {"weight_decay": 0.0005}
    assert spec["runtime"]["resources"] == {"limits": {"cpu": "2"}}
    assert "acceptance" not in SPEC


@pytest.mark.parametrize(
    ("parameter", "words"),
    [
        pytest.param(
            {"name": "x", "path": "strategy.UnstructurePrun.ratio", "values": ["1"]},
            "spec.parameters[0].path: strategy.UnstructurePrun.ratio is not a field of a SegCompressionJob's "
            "spec; did you mean strategy.UnstructurePrune.ratio?",
            id="misspelt",
        ),
        pytest.param(
            {"name": "x", "path": "strategy.UnstructurePrune.layer_ratios.conv2d_65.w_0", "values": ["0.9"]},
            "spec.parameters[0].path: strategy.UnstructurePrune.layer_ratios.conv2d_65.w_0 is not a field of "
            "a SegCompressionJob's spec; did you mean strategy.UnstructurePrune.layer_ratios?",
            id="a key with a dot",
        ),
        pytest.param(
            {"name": "x", "path": "suspend", "values": ["true"]},
            "spec.parameters[0].path: suspend cannot be swept; the sweep's own suspend suspends its trials",
            id="suspend",
        ),
        pytest.param(
            ranged("acceptance.maxMiouDrop", min="0.01", max="0.02"),
            "spec.parameters[0].range: must not be given: the field is a string; give values",
            id="range of strings",
        ),
        pytest.param(
            ranged("seed", min="1.2", max="1.8"),
            "spec.parameters[0].range: must contain a whole number: the field is one",
            id="no whole number",
        ),
        pytest.param(
            ranged("seed", min="1", max="1000", step="0.5"),
            "spec.parameters[0].range.step: must be a whole number: the field is one",
            id="a step between whole numbers",
        ),
        pytest.param(
            ranged(min="0.95", max="3.5", step="1e-20"),
            "spec.parameters[0].range: must have at most 1,000,000,000,000 steps",
            id="a step that no float can make",
        ),
    ],
)
def test_wrong_parameter_is_named(parameter: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidSpecError) as raised:
        space(parameter)
    assert str(raised.value) == words


@pytest.mark.parametrize(
    ("path", "values", "problem"),
    [
        pytest.param(RATIO["path"], ["0.65", "0.5", "0.50"], "0.5 and 0.50 are one value", id="spellings"),
        pytest.param("seed", ["1", "1.0"], "1 and 1.0 are one value", id="1.0"),
        pytest.param("strategy.TrainConfig.optimizer_builder.x", ["true", "1"], None, id="true is not 1"),
        pytest.param("acceptance.maxMiouDrop", ["0.1", "0.10"], None, id="strings"),
    ],
)
def test_one_value_is_given_once(path: str, values: list[str], problem: str | None) -> None:
    made = space(RATE, {"name": "x", "path": path, "values": values})
    if problem is None:
        made.check_values()
        return
    with pytest.raises(InvalidSpecError, match=rf"spec.parameters\[1\].values: must differ: {problem}"):
        made.check_values()


def test_tiny_numbers_are_coordinates_too() -> None:
    (steps,) = space(ranged(min="0", max="1e-22", step="7e-26")).axes.values()
    assert isinstance(steps, Steps)
    assert [steps.index(steps.at(index)) for index in range(steps.size)] == [*range(steps.size)]
    (rate,) = space({**RATE, "range": {"min": "1.234566e-20", "max": "1.234567e-20"}}).axes.values()
    assert isinstance(rate, Interval)
    drawn = [rate.text(value) for value in (rate.least, rate.greatest, (rate.least + rate.greatest) / 2)]
    assert all(rate.number(text) is not None and len(text) <= 24 for text in drawn)
