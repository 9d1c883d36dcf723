"""In which order the models of a comparison take their turns, and how their times become figures. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_ROUNDS = 16
"""Turns that each model takes at least, where there are queries enough for blocks of more than one."""

_LONGEST_BLOCK = 16


@dataclass(frozen=True)
class Block:
    """One turn: `queries` counted queries of the model at `index`."""

    index: int
    queries: int


def abba(models: int, queries: int) -> tuple[Block, ...]:
    """Return turns in the order A B … B A, A B … B A: at least `queries` for each model, as many for all.

    A drift of the machine, such as a clock that falls, meets every model alike.
    """
    block = min(max(queries // _ROUNDS, 1), _LONGEST_BLOCK)
    rounds = math.ceil(queries / block)
    forth = [Block(index, block) for index in range(models)]
    return tuple(turn for number in range(rounds + rounds % 2) for turn in forth[:: -1 if number % 2 else 1])


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile: the least value that so many percent of all do not exceed.

    Raises ValueError without values.
    """
    if not values:
        raise ValueError("no values, no percentile")
    return sorted(values)[rank(len(values), percent) - 1]


def rank(count: int, percent: float) -> int:
    """Return which of `count` values in rising order is that percentile, from 1 on."""
    return max(math.ceil(percent / 100 * count), 1)
