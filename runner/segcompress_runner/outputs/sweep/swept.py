"""A sweep and its trials as read, and the standing of each trial."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from segcompress_api.conditions import ConditionType, status_of
from segcompress_api.status import Artifact, JobStatus
from segcompress_api.sweep import SweepSpec
from segcompress_api.sweep_status import SweepStatus
from segcompress_api.trials import Target, Trial, frontier_of, target_of

Standing = Literal["best", "frontier", "beaten", "constraint", "rejected", "stopped", "failed", "going"]
"""Best, on the frontier, or dominated by another trial; or not acceptable: a constraint violated, a gate
missed, stopped early, no metrics, not ended."""

_UNSUCCESSFUL: Mapping[str, Standing] = {
    "Running": "going",
    "Rejected": "rejected",
    "Stopped": "stopped",
    "Failed": "failed",
}

ACCEPTABLE: tuple[Standing, ...] = ("best", "frontier", "beaten")


@dataclass(frozen=True)
class SweptTrial:
    """A trial, and its job's status."""

    trial: Trial
    status: JobStatus

    @property
    def report(self) -> Artifact | None:
        """The trial's own report."""
        return self.status.artifacts.report if self.status.artifacts else None

    @property
    def manifest(self) -> Artifact | None:
        """The manifest of what it published."""
        return self.status.artifacts.manifest if self.status.artifacts else None

    @property
    def words(self) -> tuple[str, str]:
        """Return reason and message of its end, or of its current state."""
        wanted = ConditionType.FINISHED if self.trial.ended else ConditionType.RECONCILING
        found = next((one for one in self.status.conditions if one.type == wanted), None)
        return (found.reason, found.message) if found else ("", "")


@dataclass(frozen=True)
class Swept:
    """A sweep with its trials, in the order of their index."""

    name: str
    namespace: str
    uid: str
    spec: SweepSpec
    status: SweepStatus
    trials: tuple[SweptTrial, ...]

    @cached_property
    def target(self) -> Target:
        """Return the objectives and constraints."""
        return target_of(self.spec)

    @cached_property
    def frontier(self) -> tuple[SweptTrial, ...]:
        """Return the trials worth shipping, the best one first."""
        by_index = {one.trial.index: one for one in self.trials}
        found = frontier_of((one.trial for one in self.trials), self.target)
        return tuple(by_index[trial.index] for trial in found)

    @property
    def best(self) -> SweptTrial | None:
        """Return the trial on the frontier that is best by the first objective."""
        return self.frontier[0] if self.frontier else None

    @property
    def known(self) -> tuple[str, ...]:
        """Return known trials on the status's frontier, which are not trials of this sweep."""
        own = {one.trial.name for one in self.trials}
        return tuple(one.name for one in self.status.frontier or () if one.name not in own)

    @property
    def ended(self) -> bool:
        """Return whether the sweep has ended."""
        return status_of(self.status.conditions, ConditionType.FINISHED) == "True"

    @cached_property
    def standings(self) -> Mapping[int, Standing]:
        """Return the standing of each trial by its index."""
        frontier = {one.trial.index for one in self.frontier[1:]}
        return {one.trial.index: self._standing(one.trial, frontier) for one in self.trials}

    def _standing(self, trial: Trial, frontier: set[int]) -> Standing:
        if self.best is not None and trial.index == self.best.trial.index:
            return "best"
        if trial.index in frontier:
            return "frontier"
        if trial.state != "Succeeded":
            return _UNSUCCESSFUL[trial.state]
        values = self.target.values(trial)
        return "beaten" if values is not None and self.target.is_met(trial) else "constraint"
