"""The interval of a speed-up: what it must hold, and what may move it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segcompress_runner.measurement.bootstrap import Interval, Turns, ratio_of_medians
from segcompress_runner.measurement.schedule import percentile


def times(seed: int, median: float, spread: float, turns: int = 64) -> Turns:
    random = np.random.default_rng(seed)
    return [list(median * random.lognormal(0, spread, 16)) for _ in range(turns)]


def width(interval: Interval) -> float:
    return interval.high - interval.low


def test_times_without_spread_leave_no_doubt() -> None:
    assert ratio_of_medians([[0.03] * 4] * 16, [[0.02] * 4] * 16) == Interval(1.5, 1.5)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.floats(0.2, 5))
def test_interval_holds_the_ratio_of_the_medians(seed: int, speedup: float) -> None:
    before, after = times(seed, speedup, 0.1, 16), times(seed + 1, 1, 0.1, 16)
    interval = ratio_of_medians(before, after)
    first, second = (percentile([one for turn in turns for one in turn], 50) for turns in (before, after))
    assert interval.low <= first / second <= interval.high


def test_it_holds_the_true_speedup_about_as_often_as_it_says() -> None:
    found = [ratio_of_medians(times(2 * n, 1.3, 0.2), times(2 * n + 1, 1, 0.2)) for n in range(40)]
    assert sum(one.low <= 1.3 <= one.high for one in found) >= 34


def test_more_spread_is_more_doubt_and_more_queries_are_less() -> None:
    calm, wild = (ratio_of_medians(times(1, 1, spread), times(2, 1, spread)) for spread in (0.02, 0.3))
    assert width(wild) > 5 * width(calm)
    many = ratio_of_medians(times(1, 1, 0.3, 1024), times(2, 1, 0.3, 1024))
    assert width(many) < width(wild) / 2


def test_a_drift_that_both_models_meet_adds_no_doubt() -> None:
    """The clock falls to half within the benchmark, and both models take turns."""
    drift = np.linspace(1, 2, 64)

    def drifting(turns: Turns, order: np.ndarray) -> Turns:  # type: ignore[type-arg]
        return [list(factor * np.asarray(turn)) for factor, turn in zip(order, turns, strict=True)]

    before, after = times(1, 1.5, 0.02), times(2, 1, 0.02)
    together = ratio_of_medians(drifting(before, drift), drifting(after, drift))
    apart = ratio_of_medians(drifting(before, drift), drifting(after, np.roll(drift, 32)))
    assert together.low > 1.4
    assert width(together) < width(apart) / 3


def test_equal_times_give_equal_intervals() -> None:
    assert ratio_of_medians(times(1, 1, 0.1), times(2, 1, 0.1)) == ratio_of_medians(
        times(1, 1, 0.1), times(2, 1, 0.1)
    )


@pytest.mark.parametrize(("before", "after"), [([], []), ([[1.0]], [[1.0], [1.0]])])
def test_turns_without_a_partner_are_refused(before: Turns, after: Turns) -> None:
    with pytest.raises(ValueError, match="must come in pairs"):
        ratio_of_medians(before, after)
