"""Trials of a sweep and how they are judged, for both the operator's search and reports. Pure.

Names of parameters and metrics are interned: thousands of trials have the same.
"""

import json
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from segcompress_api.conditions import GATE_REASONS, Reason
from segcompress_api.parameters import VALUE_LIMIT
from segcompress_api.sweep import Constraint, Objective, SweepSpec

T = TypeVar("T")

TrialState = Literal["Running", "Succeeded", "Rejected", "Stopped", "Failed"]
"""Rejected: measured, and a gate was missed. Stopped: stopped early. Failed: ended without metrics."""

Curve = tuple[tuple[int, float], ...]
"""(step, mIoU) of each evaluation during a training, in the order of the steps."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial of a sweep; `figures` are its metrics by their dotted names, as strings."""

    index: int
    name: str
    point: Mapping[str, str]
    state: TrialState
    suspend: bool = False
    """spec.suspend of its job."""
    at_rest: bool = False
    """Whether it is suspended and has no pods left."""
    figures: Mapping[str, str] = field(default_factory=dict)
    curve: Curve = ()
    is_trained: bool = False
    """Whether it runs, and the training that produced its curve is over."""
    uid: str = ""
    """uid of its job, while it runs."""

    @property
    def ended(self) -> bool:
        """Return whether it has no pods and will get none."""
        return self.state != "Running"


Rated = tuple[tuple[float, ...], int, Trial]
"""A trial after its losses and its index, by which it is sorted."""


@dataclass(frozen=True, slots=True)
class Target:
    """The objectives and constraints of a sweep."""

    objectives: tuple[Objective, ...]
    constraints: tuple[Constraint, ...]

    def values(self, trial: Trial) -> tuple[float, ...] | None:
        """Return the trial's metrics for the objectives, None if one was not measured."""
        texts = [trial.figures.get(each.metric) for each in self.objectives]
        known = [float(text) for text in texts if text is not None]
        return tuple(known) if len(known) == len(texts) else None

    def losses(self, trial: Trial) -> tuple[float, ...] | None:
        """Return the metrics for the objectives with signs such that less is better."""
        values = self.values(trial)
        if values is None:
            return None
        signs = (-1 if each.goal == "Maximize" else 1 for each in self.objectives)
        return tuple(sign * value for sign, value in zip(signs, values, strict=True))

    def excess(self, trial: Trial) -> tuple[float, ...]:
        """Return by how much each constraint is violated, 0 or less if not; a missed gate counts as 1."""
        return (float(trial.state == "Rejected"), *(_excess(each, trial) for each in self.constraints))

    def is_met(self, trial: Trial) -> bool:
        """Return whether the trial succeeded and satisfies every constraint."""
        return trial.state == "Succeeded" and all(excess <= 0 for excess in self.excess(trial))

    @property
    def metrics(self) -> tuple[str, ...]:
        """Return the names of all metrics in objectives and constraints."""
        names = [each.metric for each in self.objectives] + [each.metric for each in self.constraints]
        return tuple(dict.fromkeys(names))


def target_of(spec: SweepSpec) -> Target:
    """Return the objectives and constraints of a spec."""
    return Target(spec.objectives, spec.constraints)


def end_state(phase: str, reason: str) -> TrialState:
    """Return the state of a finished job, by its phase and the reason of its condition Finished."""
    if phase == "Succeeded":
        return "Succeeded"
    if reason == Reason.STOPPED_EARLY:
        return "Stopped"
    return "Rejected" if reason in GATE_REASONS else "Failed"


def point_of(text: str) -> Mapping[str, str]:
    """Return the parameters in a trial's annotation; empty if it is not valid."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    items = parsed.items() if isinstance(parsed, dict) else ()
    good = all(isinstance(value, str) and len(value) <= VALUE_LIMIT for _, value in items)
    return {sys.intern(name): value for name, value in items} if good else {}


def figures_of(metrics: Mapping[str, Any]) -> dict[str, str]:
    """Return a job's status.metrics by their dotted names."""
    return dict(_flat(metrics, ""))


def _flat(part: Mapping[str, Any], prefix: str) -> Iterable[tuple[str, str]]:
    for key, value in part.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, str | int):
            yield sys.intern(f"{prefix}{key}"), str(value)


def _excess(constraint: Constraint, trial: Trial) -> float:
    text = trial.figures.get(constraint.metric)
    if text is None:
        return 1.0
    if constraint.max is not None:
        return float(text) - float(constraint.max)
    return float(constraint.min or 0) - float(text)


def frontier_of(trials: Iterable[Trial], target: Target) -> list[Trial]:
    """Return the Pareto set of the trials that succeeded and satisfy the constraints, best first."""
    all_rated = (rated(trial, target) for trial in trials)
    return [trial for _, _, trial in pareto_set(each for each in all_rated if each is not None)]


def rated(trial: Trial, target: Target) -> Rated | None:
    """Return what a trial is sorted by; None if it cannot be shipped or was not measured."""
    losses = target.losses(trial) if target.is_met(trial) else None
    return None if losses is None else (losses, trial.index, trial)


def pareto_set(candidates: Iterable[Rated]) -> list[Rated]:
    """Return those that no other dominates, best first.

    Sorted by the first objective and then the others, whatever beats a trial stands before it, so that the
    other two objectives, of three at most, decide: n trials cost n log n, even where none beats another.
    """
    stairs, found, last = _Stairs(), list[Rated](), tuple[float, ...]()
    for each in sorted(candidates):
        losses, *_ = each
        second, third = (*losses[1:], 0.0, 0.0)[:2]
        if losses == last or stairs.take(second, third):
            found.append(each)
            last = losses
    return found


def spread(items: Sequence[T], room: int) -> Sequence[T]:
    """Return all items, or as many as there is room for, spread from the first to the last."""
    if len(items) <= room:
        return items
    return [items[index * (len(items) - 1) // max(room - 1, 1)] for index in range(room)]


class _Stairs:
    """Pairs of losses that do not dominate one another: the greater the first, the less the second."""

    def __init__(self) -> None:
        self._firsts: list[float] = []
        self._seconds: list[float] = []

    def take(self, first: float, second: float) -> bool:
        """Add a pair and drop those that it dominates; return False if another is as good in both."""
        above = bisect_right(self._firsts, first)
        if above and self._seconds[above - 1] <= second:
            return False
        start = end = bisect_left(self._firsts, first)
        while end < len(self._seconds) and self._seconds[end] >= second:
            end += 1
        self._firsts[start:end] = [first]
        self._seconds[start:end] = [second]
        return True
