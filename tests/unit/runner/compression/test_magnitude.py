"""The least weights fall, and as many as asked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segcompress_runner.compression.magnitude import masks_at_ratio


def layers() -> dict[str, NDArray[np.float32]]:
    random = np.random.default_rng(0)
    return {
        "large": random.normal(0, 10, (40, 25, 1, 1)).astype(np.float32),
        "small": random.normal(0, 0.1, (10, 10, 1, 1)).astype(np.float32),
    }


def zeros(mask: NDArray[np.float32]) -> float:
    return float(np.mean(mask == 0))


@pytest.mark.parametrize("ratio", [0.0, 0.5, 0.75, 0.9])
def test_every_layer_meets_the_ratio_by_itself(ratio: float) -> None:
    masks = masks_at_ratio(layers(), ratio, local=True)
    assert {name: zeros(mask) for name, mask in masks.items()} == {"large": ratio, "small": ratio}


def test_over_all_layers_the_small_weights_fall_first() -> None:
    masks = masks_at_ratio(layers(), 0.2, local=False)
    together = np.concatenate([mask.ravel() for mask in masks.values()])
    assert zeros(together) == pytest.approx(0.2)
    assert zeros(masks["small"]) > 0.9
    assert masks["large"].shape == (40, 25, 1, 1)


def test_the_kept_weights_are_the_largest() -> None:
    weights = {"w": np.array([[3.0, -1.0], [-4.0, 2.0]], np.float32)}
    assert masks_at_ratio(weights, 0.5, local=True)["w"].tolist() == [[1.0, 0.0], [1.0, 0.0]]


def test_a_layer_keeps_at_least_one_weight() -> None:
    assert masks_at_ratio({"w": np.ones((1, 2), np.float32)}, 0.99, local=True)["w"].sum() == 1


def test_zeros_stay_zero_when_the_ratio_rises() -> None:
    weights = layers()
    first = masks_at_ratio(weights, 0.5, local=True)
    pruned = {name: weights[name] * first[name] for name in weights}
    second = masks_at_ratio(pruned, 0.75, local=True)
    assert all(np.all(first[name] >= second[name]) for name in weights)


@settings(deadline=None)
@given(
    values=st.lists(st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0, 3.0]), min_size=1, max_size=40),
    ratio=st.floats(0, 0.99),
)
def test_of_equal_weights_the_first_fall_as_a_stable_sort_has_them(values: list[float], ratio: float) -> None:
    weights = np.array(values, np.float32)
    zeros = min(int(np.floor(ratio * weights.size + 0.5)), weights.size - 1)
    expected = np.ones(weights.size)
    expected[np.argsort(np.abs(weights), kind="stable")[:zeros]] = 0
    assert masks_at_ratio({"w": weights}, ratio, local=True)["w"].tolist() == expected.tolist()
