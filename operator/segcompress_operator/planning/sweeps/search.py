"""Which points to try next: a pure function of the sweep's spec and its trials.

No point is tried twice, points of running trials included.
"""

from collections.abc import Sequence

from segcompress_api.sweep import SweepSpec
from segcompress_api.trials import Trial, target_of
from segcompress_operator.planning.sweeps.space import Point, Space

ATTEMPTS = 64
"""Draws for one trial: if none of them is new, the space counts as exhausted."""


def propose(
    spec: SweepSpec, space: Space, trials: Sequence[Trial], indices: Sequence[int]
) -> dict[int, Point]:
    """Return a new point for each index, except those for which there is none."""
    match spec.algorithm.name:
        case "Grid":
            return {index: space.in_order(index) for index in indices}
        case "Random":
            return _at_random(spec.algorithm.seed, space, trials, indices)
        case "TPE" | "NSGAII":
            # Optuna imports numpy: only sweeps that need it pay its time and memory.
            from segcompress_operator.planning.sweeps import learned

            return learned.propose(spec.algorithm, target_of(spec), space, trials, indices)


def end_of(spec: SweepSpec, space: Space) -> int:
    """Return how many trials the sweep will have."""
    return spec.max_trials if space.size is None else min(spec.max_trials, space.size)


def _at_random(seed: int, space: Space, trials: Sequence[Trial], indices: Sequence[int]) -> dict[int, Point]:
    if space.size is not None:
        return {index: space.at_random(index, seed) for index in indices}
    taken = {space.key(trial.point) for trial in trials}
    proposed = {}
    for index in indices:
        drawn = (space.at_random(index, seed, attempt) for attempt in range(ATTEMPTS))
        point = next((point for point in drawn if space.key(point) not in taken), None)
        if point is not None:
            taken.add(space.key(point))
            proposed[index] = point
    return proposed
