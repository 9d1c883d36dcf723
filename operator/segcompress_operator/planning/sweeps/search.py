"""Which points to try next: a pure function of the sweep's spec and its trials.

No point is tried twice, points of running trials included.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from segcompress_api.space import Point, Space
from segcompress_api.sweep import SweepSpec
from segcompress_api.trials import Trial, target_of

ATTEMPTS = 64
"""Draws for one trial: if none of them is new, the space counts as exhausted."""


LEARNED_FROM = 1000
"""Only this many of the newest trials are learned from: more cost seconds per decision and change little."""


@dataclass(frozen=True, slots=True)
class Tried:
    """The newest trials, known ones before the sweep's own, and the keys of all points that were tried."""

    newest: Sequence[Trial]
    keys: Collection[tuple[str, ...]]


def learns(spec: SweepSpec) -> bool:
    """Return whether a new point depends on the results of earlier trials."""
    return spec.algorithm.name in ("TPE", "NSGAII")


def propose(spec: SweepSpec, space: Space, tried: Tried, indices: Sequence[int]) -> dict[int, Point]:
    """Return a new point for each index, except those for which there is none."""
    match spec.algorithm.name:
        case "Grid":
            return {index: space.in_order(index) for index in indices}
        case "Random":
            return _at_random(spec.algorithm.seed, space, tried, indices)
        case "TPE" | "NSGAII":
            # Optuna imports numpy: only sweeps that need it pay its time and memory.
            from segcompress_operator.planning.sweeps import learned

            return learned.propose(spec.algorithm, target_of(spec), space, tried, indices)


def end_of(spec: SweepSpec, space: Space) -> int:
    """Return how many trials the sweep will have."""
    return spec.max_trials if space.size is None else min(spec.max_trials, space.size)


def _at_random(seed: int, space: Space, tried: Tried, indices: Sequence[int]) -> dict[int, Point]:
    if space.size is not None:
        return {index: space.at_random(index, seed) for index in indices}
    proposed: dict[tuple[str, ...], tuple[int, Point]] = {}
    for index in indices:
        drawn = (space.at_random(index, seed, attempt) for attempt in range(ATTEMPTS))
        keyed = ((space.key(point), point) for point in drawn)
        new = next((each for each in keyed if each[0] not in tried.keys and each[0] not in proposed), None)
        if new is not None:
            proposed[new[0]] = (index, new[1])
    return dict(proposed.values())
