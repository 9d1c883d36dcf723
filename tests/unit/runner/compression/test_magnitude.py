"""The least weights fall, and as many as asked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segcompress_runner.compression.magnitude import mask_by_scores, masks_at_ratio, masks_at_ratios
from segcompress_runner.measurement.patterns import zeros_in_blocks


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


@pytest.mark.parametrize("block", [1, 4])
def test_each_layer_meets_its_own_ratio(block: int) -> None:
    ratios = {"large": 0.9, "small": 0.0}
    masks = masks_at_ratios(layers(), ratios, block=block)
    assert {name: zeros(mask) for name, mask in masks.items()} == ratios


@pytest.mark.parametrize("block", [1, 4])
def test_magnitudes_as_scores_give_the_masks_of_magnitude(block: int) -> None:
    weight = layers()["large"]
    scores = np.abs(weight).reshape(40 // block, block, 25).mean(axis=1)
    mask = mask_by_scores(scores, weight.shape, 0.6, block=block)
    assert np.array_equal(mask, masks_at_ratio({"w": weight}, 0.6, local=True, block=block)["w"])


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


def test_blocks_fall_by_magnitude_whatever_the_signs() -> None:
    """Upstream's signed mean of the first column is 0, although its weights are the largest."""
    weight = np.array([[5.0, 1.0], [-5.0, 1.0], [5.0, 1.0], [-5.0, 1.0]], np.float32).reshape(4, 2, 1, 1)
    (mask,) = masks_at_ratio({"w": weight}, 0.5, local=True, block=4).values()
    assert mask[:, 0].all()
    assert not mask[:, 1].any()


def test_a_last_block_of_fewer_channels_is_ranked_by_its_mean() -> None:
    """Six output channels make a block of four (mean 2) and one of two (mean 3)."""
    weight = np.array([2.0, 2.0, 2.0, 2.0, 3.0, 3.0], np.float32).reshape(6, 1, 1, 1)
    assert masks_at_ratio({"w": weight}, 0.6, local=True, block=4)["w"].ravel().tolist() == [0, 0, 0, 0, 1, 1]


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.5, 0.755, 0.95])
def test_the_share_in_blocks_is_met_and_by_less_than_a_block_exceeded(ratio: float, *, local: bool) -> None:
    weights = layers()
    weights["odd"] = np.random.default_rng(1).normal(0, 1, (7, 30, 1, 1)).astype(np.float32)
    masks = masks_at_ratio(weights, ratio, local=local, block=4)
    parts = list(masks.values()) if local else [np.concatenate([mask.ravel() for mask in masks.values()])]
    for part in parts:
        assert -0.5 <= (part == 0).sum() - ratio * part.size < 4.5
    for mask in masks.values():
        assert zeros_in_blocks(mask, 4) == (mask == 0).sum()


def test_a_layer_keeps_at_least_one_block() -> None:
    assert masks_at_ratio({"w": np.ones((8, 1, 1, 1), np.float32)}, 0.99, local=True, block=4)["w"].sum() == 4


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
