"""The trials worth shipping: those that no other one beats in every objective."""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import TypeVar

from segcompress_api.sweep_status import FRONTIER_LIMIT, SweepTrial
from segcompress_operator.planning.sweeps.trials import Target, Trial

T = TypeVar("T")

BYTES_LIMIT = 16 * 1024
"""Of the frontier in a status: whatever the parameters hold, a sweep's object stays small."""


def frontier_of(trials: Iterable[Trial], target: Target) -> list[Trial]:
    """Return the Pareto set of the trials that succeeded and keep the constraints, best first.

    Sorted by the first objective and then the others, whatever beats a trial stands before it, so that the
    other two objectives, of three at most, decide: n trials cost n log n, even where none beats another.
    """
    rated = ((target.losses(trial), trial) for trial in trials if target.is_met(trial))
    ordered = sorted((losses, trial.index, trial) for losses, trial in rated if losses is not None)
    stairs, found, last = _Stairs(), list[Trial](), tuple[float, ...]()
    for losses, _, trial in ordered:
        second, third = (*losses[1:], 0.0, 0.0)[:2]
        if losses == last or stairs.take(second, third):
            found.append(trial)
            last = losses
    return found


def shown(frontier: Sequence[Trial], target: Target) -> tuple[SweepTrial, ...]:
    """Return what a status has room for: all, or some from one end to the other, the best among them."""
    entries = [entry(trial, target) for trial in _spread(frontier, FRONTIER_LIMIT)]
    largest = max((len(json.dumps(each.to_wire()).encode()) for each in entries), default=1)
    return tuple(_spread(entries, BYTES_LIMIT // largest))


def entry(trial: Trial, target: Target) -> SweepTrial:
    """Return the trial as a status shows it."""
    metrics = {name: trial.figures[name] for name in target.metrics if name in trial.figures}
    return SweepTrial(name=trial.name, parameters=dict(trial.point), metrics=metrics)


def _spread(items: Sequence[T], room: int) -> Sequence[T]:
    """Return all items, or as many as there is room for, from the first to the last."""
    if len(items) <= room:
        return items
    return [items[index * (len(items) - 1) // max(room - 1, 1)] for index in range(room)]


class _Stairs:
    """Pairs of losses, none as good as another in both: the greater the first, the less the second."""

    def __init__(self) -> None:
        self._firsts: list[float] = []
        self._seconds: list[float] = []

    def take(self, first: float, second: float) -> bool:
        """Return whether no pair is as good in both; then this one stands in the place of those it beats."""
        above = bisect_right(self._firsts, first)
        if above and self._seconds[above - 1] <= second:
            return False
        start = end = bisect_left(self._firsts, first)
        while end < len(self._seconds) and self._seconds[end] >= second:
            end += 1
        self._firsts[start:end] = [first]
        self._seconds[start:end] = [second]
        return True
