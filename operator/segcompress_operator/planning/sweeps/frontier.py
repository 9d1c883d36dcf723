"""The trials worth shipping: those that no other one beats in every objective."""

import json
from collections.abc import Iterable, Sequence

from segcompress_api.sweep_status import FRONTIER_LIMIT, SweepTrial
from segcompress_operator.planning.sweeps.trials import Target, Trial

BYTES_LIMIT = 16 * 1024
"""Of the frontier in a status: whatever the parameters hold, a sweep's object stays small."""


def frontier_of(trials: Iterable[Trial], target: Target) -> list[Trial]:
    """Return the Pareto set of the trials that succeeded and keep the constraints, best first.

    Sorted by the first objective and then the others, whatever beats a trial stands before it, so that each
    is compared with the set alone.
    """
    rated = ((target.losses(trial), trial) for trial in trials if target.is_met(trial))
    ordered = sorted((losses, trial.index, trial) for losses, trial in rated if losses is not None)
    found: list[tuple[tuple[float, ...], Trial]] = []
    for losses, _, trial in ordered:
        if not any(_beats(other, losses) for other, _ in found):
            found.append((losses, trial))
    return [trial for _, trial in found]


def shown(frontier: Sequence[Trial], target: Target) -> tuple[SweepTrial, ...]:
    """Return what a status has room for: all, or some from one end to the other, the best among them."""
    entries = [entry(trial, target) for trial in frontier]
    largest = max((len(json.dumps(each.to_wire()).encode()) for each in entries), default=1)
    room = min(FRONTIER_LIMIT, BYTES_LIMIT // largest)
    if len(entries) <= room:
        return tuple(entries)
    return tuple(entries[index * (len(entries) - 1) // max(room - 1, 1)] for index in range(room))


def entry(trial: Trial, target: Target) -> SweepTrial:
    """Return the trial as a status shows it."""
    metrics = {name: trial.figures[name] for name in target.metrics if name in trial.figures}
    return SweepTrial(name=trial.name, parameters=dict(trial.point), metrics=metrics)


def _beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Return whether `one` is nowhere worse, and somewhere better."""
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
