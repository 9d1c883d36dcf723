"""The frontier as a status shows it."""

import json
from collections.abc import Sequence

from segcompress_api.sweep_status import FRONTIER_LIMIT, SweepTrial
from segcompress_api.trials import Target, Trial, spread

BYTES_LIMIT = 16 * 1024
"""Of the frontier in a status: whatever the parameters hold, a sweep's object stays small."""


def shown(frontier: Sequence[Trial], target: Target) -> tuple[SweepTrial, ...]:
    """Return what a status has room for: all, or some from one end to the other, the best among them."""
    entries = [entry(trial, target) for trial in spread(frontier, FRONTIER_LIMIT)]
    largest = max((len(json.dumps(each.to_wire()).encode()) for each in entries), default=1)
    return tuple(spread(entries, BYTES_LIMIT // largest))


def entry(trial: Trial, target: Target) -> SweepTrial:
    """Return the trial as a status shows it."""
    metrics = {name: trial.figures[name] for name in target.metrics if name in trial.figures}
    return SweepTrial(name=trial.name, parameters=dict(trial.point), metrics=metrics)
