"""How sure a speed-up is: the 95 % interval of a ratio of medians, by the bootstrap. Pure.

Queries that follow one another are not independent draws, since a clock rises and falls over many of them. So
whole turns are drawn, and both models' turns of one round together, as the drift of the machine met both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcompress_runner.measurement.schedule import rank

_DRAWS = 1000
_PERCENT = (2.5, 97.5)
_SEED = 20210319
"""Any fixed one: equal times give equal intervals."""

Turns = Sequence[Sequence[float]]
"""Seconds of each query of each turn; all turns have as many queries."""


@dataclass(frozen=True)
class Interval:
    """Where a figure lies with 95 % confidence."""

    low: float
    high: float


def ratio_of_medians(before: Turns, after: Turns) -> Interval:
    """Return the interval of the median of `before` over that of `after`; medians are nearest ranks.

    Raises ValueError where they do not have as many turns, or none.
    """
    first, second = (np.asarray(turns, np.float64) for turns in (before, after))
    if first.shape != second.shape or not first.size:
        raise ValueError(f"turns must come in pairs, got {first.shape} and {second.shape}")
    middle = rank(first.size, 50)
    random = np.random.default_rng(_SEED)
    ratios = []
    for _ in range(_DRAWS):
        drawn = random.integers(0, len(first), len(first))
        ratios.append(_smallest(first[drawn], middle) / _smallest(second[drawn], middle))
    low, high = np.percentile(ratios, _PERCENT)
    return Interval(float(low), float(high))


def _smallest(values: NDArray[np.float64], number: int) -> float:
    """Return the value that has `number` - 1 smaller ones before it."""
    return float(np.partition(values, number - 1, axis=None)[number - 1])
