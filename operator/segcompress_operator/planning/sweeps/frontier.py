"""The frontier as a status shows it."""

import json
from collections.abc import Sequence

from segcompress_api.sweep_status import FRONTIER_LIMIT, SweepTrial
from segcompress_api.trials import Target, Trial, spread

BYTES_LIMIT = 16 * 1024
"""Maximum size of the frontier in a status: the object stays small, whatever the parameters hold."""


def shown(frontier: Sequence[Trial], target: Target) -> tuple[SweepTrial, ...]:
    """Return all trials, or as many as a status has room for, spread over the frontier with the best one."""
    entries = [entry(trial, target) for trial in spread(frontier, FRONTIER_LIMIT)]
    largest = max((len(json.dumps(each.to_wire()).encode()) for each in entries), default=1)
    return tuple(spread(entries, BYTES_LIMIT // largest))


def entry(trial: Trial, target: Target) -> SweepTrial:
    """Return the trial's entry in a status."""
    metrics = {name: trial.figures[name] for name in target.metrics if name in trial.figures}
    return SweepTrial(name=trial.name, parameters=dict(trial.point), metrics=metrics)
