"""Thresholds of int8, from the magnitudes that were seen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segcompress_runner.compression.thresholds import BINS, Magnitudes, threshold

ALGORITHMS = ("abs_max", "avg", "hist", "mse", "KL")


def seen(*batches: NDArray[np.float32]) -> Magnitudes:
    made = Magnitudes()
    for batch in batches:
        made.add(batch)
    return made


def of(algo: str, magnitudes: Magnitudes) -> float:
    return threshold(magnitudes, algo, 0.999 if algo == "hist" else None)


def pictures(*rows: list[float]) -> NDArray[np.float32]:
    return np.array(rows, np.float32)


def normal(count: int, scale: float = 1.0) -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=(4, count)).astype(np.float32) * scale


def test_the_largest_magnitude_is_that_of_all_pictures() -> None:
    assert threshold(seen(pictures([1, -3]), pictures([2, 0])), "abs_max") == 3


def test_the_average_is_of_each_picture_s_largest() -> None:
    assert threshold(seen(pictures([1, -3], [1, 1]), pictures([2, 0])), "avg") == pytest.approx(2)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.999])
def test_hist_leaves_that_share_unclipped(share: float) -> None:
    values = normal(50_000)
    found = threshold(seen(values), "hist", share)
    assert np.mean(np.abs(values) <= found) == pytest.approx(share, abs=0.002)


def test_mse_is_where_rounding_and_clipping_cost_least() -> None:
    values = normal(50_000)

    def error(top: float) -> float:
        step = top / 127
        return float(np.mean((values - np.clip(np.round(values / step), -127, 127) * step) ** 2))

    best = min(np.arange(0.3, 1.001, 0.02) * np.abs(values).max(), key=error)
    assert threshold(seen(values), "mse") == pytest.approx(best, rel=0.05)


def test_kl_clips_outliers_and_keeps_what_is_even() -> None:
    even = np.linspace(0, 1, 40_000, dtype=np.float32).reshape(4, -1)
    tailed = normal(50_000)
    tailed[0, 0] = 8.0
    assert threshold(seen(even), "KL") > 0.95
    assert threshold(seen(tailed), "KL") < 5.5


@given(st.lists(st.floats(0.01, 1e4), min_size=1, max_size=4), st.sampled_from(ALGORITHMS))
@settings(deadline=None, database=None, max_examples=40)
def test_order_of_the_batches_makes_little_difference(scales: list[float], algo: str) -> None:
    """The range doubles as batches come, so that bins end elsewhere."""
    batches = [normal(500, scale) for scale in scales]
    forth, back = (of(algo, seen(*each)) for each in (batches, batches[::-1]))
    assert forth == pytest.approx(back, rel=0.1 if algo != "KL" else 0.3)
    assert forth <= max(scales) * np.abs(normal(500)).max() * (1 + 2 / BINS)


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_a_layer_of_zeros_has_a_threshold_above_zero(algo: str) -> None:
    assert 0 < of(algo, seen(np.zeros((2, 9), np.float32))) < 1e-6


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_one_value_is_its_own_threshold(algo: str) -> None:
    assert of(algo, seen(np.full((2, 9), -0.5, np.float32))) == pytest.approx(0.5, rel=0.01)


def test_no_magnitude_is_lost_when_the_range_doubles() -> None:
    grown = seen(pictures([0.1, 0.01]), pictures([100.0, 0.5]), pictures([1e-3, 7.0]))
    assert grown.counts.sum() == 6
    assert grown.top >= grown.peak == 100
