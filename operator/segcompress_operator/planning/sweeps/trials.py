"""What a decision needs to know of each trial: its index, its point, how it stands, and its figures."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from segcompress_api.conditions import GATE_REASONS
from segcompress_api.sweep import VALUE_LIMIT, Constraint, Objective, SweepSpec
from segcompress_operator.planning.observed import Resource
from segcompress_operator.resources.names import Owner, trial_name

TrialState = Literal["Running", "Succeeded", "Rejected", "Failed"]
"""Rejected: measured, and a gate was missed. Failed: ended without a verdict on its model."""

_REMEMBERED = 2**15


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial of a sweep; `figures` are its metrics by their dotted names, as strings."""

    index: int
    name: str
    point: Mapping[str, str]
    state: TrialState
    suspend: bool = False
    """What its spec says."""
    stopped: bool = False
    """Whether it is suspended and nothing of it runs."""
    figures: Mapping[str, str] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Return whether nothing of it runs or will run."""
        return self.state != "Running"


@dataclass(frozen=True, slots=True)
class Target:
    """What is searched."""

    objectives: tuple[Objective, ...]
    constraints: tuple[Constraint, ...]

    def values(self, trial: Trial) -> tuple[float, ...] | None:
        """Return the trial's figures for the objectives, None where one was not measured."""
        texts = [trial.figures.get(each.metric) for each in self.objectives]
        known = [float(text) for text in texts if text is not None]
        return tuple(known) if len(known) == len(texts) else None

    def losses(self, trial: Trial) -> tuple[float, ...] | None:
        """Return the same, less being better."""
        values = self.values(trial)
        if values is None:
            return None
        signs = (-1 if each.goal == "Maximize" else 1 for each in self.objectives)
        return tuple(sign * value for sign, value in zip(signs, values, strict=True))

    def excess(self, trial: Trial) -> tuple[float, ...]:
        """Return by how much each constraint is broken, 0 or less where it is kept; a gate is one too."""
        return (float(trial.state == "Rejected"), *(_excess(each, trial) for each in self.constraints))

    def is_met(self, trial: Trial) -> bool:
        """Return whether the trial succeeded and keeps every constraint."""
        return trial.state == "Succeeded" and all(excess <= 0 for excess in self.excess(trial))

    @property
    def metrics(self) -> tuple[str, ...]:
        """Return the names of all figures that matter."""
        names = [each.metric for each in self.objectives] + [each.metric for each in self.constraints]
        return tuple(dict.fromkeys(names))


def target_of(spec: SweepSpec) -> Target:
    """Return what the spec searches."""
    return Target(spec.objectives, spec.constraints)


def trials_of(owner: Owner, children: Iterable[Resource]) -> list[Trial]:
    """Return the sweep's trials in the order of their index.

    Anybody may write our labels and references onto a job of theirs: a trial is one by its name.
    """
    found = (_trial(child, owner) for child in children)
    return sorted((trial for trial in found if trial is not None), key=lambda trial: trial.index)


def first_free(trials: Sequence[Trial], count: int, end: int) -> list[int]:
    """Return the `count` least indices below `end` that no trial has; fewer where there are fewer."""
    taken = {trial.index for trial in trials}
    free: list[int] = []
    for index in range(end):
        if len(free) >= count:
            break
        if index not in taken:
            free.append(index)
    return free


def _trial(child: Resource, owner: Owner) -> Trial | None:
    mark, name = child.trial, child.owner.name
    if mark is None or name != trial_name(owner.name, owner.uid, mark.index):
        return None
    point = _point(mark.parameters)
    if not child.finished:
        stopped = child.phase == "Suspended" and _condition(child.status, "Reconciling")[0] == "False"
        return Trial(mark.index, name, point, "Running", child.suspend, stopped)
    return ended_trial(child, mark.index, point)


def ended_trial(child: Resource, index: int, point: Mapping[str, str]) -> Trial:
    """Return a job that has ended as a trial."""
    state, figures = _end_state(child), _figures(child.status)
    return Trial(index, child.owner.name, point, state, child.suspend, figures=figures)


def _end_state(child: Resource) -> TrialState:
    if child.phase == "Succeeded":
        return "Succeeded"
    return "Rejected" if _condition(child.status, "Finished")[1] in GATE_REASONS else "Failed"


@lru_cache(maxsize=_REMEMBERED)
def _point(text: str) -> Mapping[str, str]:
    """Return the parameters in JSON; what somebody wrote into an annotation of ours counts as none."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return {}
    items = parsed.items() if isinstance(parsed, dict) else ()
    good = all(isinstance(value, str) and len(value) <= VALUE_LIMIT for _, value in items)
    return dict(items) if good else {}


@lru_cache(maxsize=_REMEMBERED)
def _condition(status: bytes, type_: str) -> tuple[str, str]:
    """Return status and reason of a job's condition."""
    found = (each for each in json.loads(status).get("conditions", ()) if each.get("type") == type_)
    return next(((str(each.get("status", "")), str(each.get("reason", ""))) for each in found), ("", ""))


@lru_cache(maxsize=_REMEMBERED)
def _figures(status: bytes) -> Mapping[str, str]:
    """Return a job's metrics by their dotted names."""
    return dict(_flat(json.loads(status).get("metrics") or {}, ""))


def _flat(part: Mapping[str, Any], prefix: str) -> Iterable[tuple[str, str]]:
    for key, value in part.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, str | int):
            yield f"{prefix}{key}", str(value)


def _excess(constraint: Constraint, trial: Trial) -> float:
    text = trial.figures.get(constraint.metric)
    if text is None:
        return 1.0
    if constraint.max is not None:
        return float(text) - float(constraint.max)
    return float(constraint.min or 0) - float(text)
