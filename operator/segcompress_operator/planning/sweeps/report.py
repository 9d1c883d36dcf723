"""The status of a sweep in each of its states, and the Events that go with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from segcompress_api.conditions import ConditionStatus, ConditionType, Reason, status_of
from segcompress_api.status import timestamp
from segcompress_api.sweep import SweepSpec
from segcompress_api.sweep_status import SweepStatus, TrialCounts
from segcompress_api.trials import Target, Trial, target_of
from segcompress_operator.planning import statuses
from segcompress_operator.planning.plan import Announcement, Refusal
from segcompress_operator.planning.progress import Progress
from segcompress_operator.planning.statuses import State
from segcompress_operator.planning.sweeps.frontier import entry, shown
from segcompress_operator.planning.sweeps.history import History
from segcompress_operator.planning.sweeps.observed import Sweep
from segcompress_operator.planning.sweeps.suspending import Suspending, suspending


@dataclass(frozen=True)
class SweepRound:
    """What one reconciliation knows of a sweep; `spec` is None if it is invalid."""

    sweep: Sweep
    spec: SweepSpec | None
    status: SweepStatus
    history: History
    now: datetime
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    """Why the `suspend` of trials was not changed, by their names."""

    @property
    def known_spec(self) -> SweepSpec:
        """Return the spec, which must be valid."""
        if self.spec is None:
            raise AssertionError("the spec is not valid")
        return self.spec

    @cached_property
    def counts(self) -> TrialCounts:
        """Count the trials by state."""
        states = self.history.states
        return TrialCounts(
            total=len(self.history.trials),
            running=states["Running"],
            succeeded=states["Succeeded"],
            failed=states["Failed"] + states["Rejected"],
            rejected=states["Rejected"],
            stopped=states["Stopped"],
        )

    @property
    def active(self) -> int:
        """Return how many trials have pods, or may get one before they are suspended."""
        return sum(not trial.at_rest for trial in self.history.running)

    def suspending(self, *, suspend: bool) -> Suspending:
        """Return which trials are to be suspended, or else resumed."""
        return suspending(self.history.running, self.refused, self.now, suspend=suspend)

    @cached_property
    def target(self) -> Target:
        """Return the objectives and constraints."""
        return target_of(self.known_spec)

    @cached_property
    def unmeasured(self) -> tuple[str, ...]:
        """Return the metrics of objectives and constraints that no measured trial has."""
        names = self.target.metrics if self.history.measured else ()
        return tuple(name for name in names if not self.history.metrics[name])

    @cached_property
    def frontier(self) -> list[Trial]:
        """Return the trials worth shipping, best first."""
        return self.history.frontier


def running(round_: SweepRound, progress: Progress) -> SweepStatus:
    """Return the status of a sweep that goes on."""
    reason, message = progress.reason, progress.message
    return _with(round_, _unfinished(), ("False", reason, message), ("True", reason, message))


def held(changes: Suspending) -> str:
    """Return what a message adds about trials whose `suspend` cannot be changed."""
    return f"; {changes.words}" if changes.words else ""


def suspended(round_: SweepRound, words: str, changes: Suspending) -> SweepStatus:
    """Return the status of a suspended sweep."""
    left = round_.active
    said = f"{left} trial(s) are still stopping{held(changes)}" if left else words
    reconciling: ConditionStatus = "True" if left else "False"
    return _with(
        round_,
        _unfinished((ConditionType.SUSPENDED, "True", Reason.SUSPENDED, words)),
        ("False", Reason.SUSPENDED, said),
        (reconciling, Reason.SUSPENDED, said if left else ""),
    )


def succeeded(round_: SweepRound, words: str) -> SweepStatus:
    """Return the status of a sweep that ended well."""
    reason = Reason.SUCCEEDED
    ends: list[State] = [
        (ConditionType.COMPLETE, "True", reason, words),
        (ConditionType.FAILED, "False", reason, ""),
        _NOT_SUSPENDED,
        (ConditionType.FINISHED, "True", reason, words),
        (ConditionType.STALLED, "False", reason, ""),
    ]
    return _ended(round_, _with(round_, ends, ("True", reason, words), ("False", reason, "")))


def failed(round_: SweepRound, reason: Reason, words: str) -> SweepStatus:
    """Return the status of a sweep that ended badly; what was found is kept."""
    ends: list[State] = [
        (ConditionType.COMPLETE, "False", reason, ""),
        (ConditionType.FAILED, "True", reason, words),
        _NOT_SUSPENDED,
        (ConditionType.FINISHED, "True", reason, words),
        (ConditionType.STALLED, "True", reason, words),
    ]
    return _ended(round_, _with(round_, ends, ("False", reason, words), ("False", reason, "")))


def failing(round_: SweepRound, reason: Reason, words: str, changes: Suspending) -> SweepStatus:
    """Return the status of a sweep that will fail once its trials have stopped."""
    stopping = f"{round_.active} trial(s) are still stopping{held(changes)}"
    said = f"{stopping}; then the sweep fails: {words}"
    return _with(
        round_,
        [*_unfinished(), (ConditionType.FAILURE_TARGET, "True", reason, words)],
        ("False", Reason.RUNNING, said),
        ("True", Reason.RUNNING, said),
    )


def failure_target(status: SweepStatus) -> tuple[Reason, str] | None:
    """Return why the sweep will fail, None if it will not: the cause may no longer be visible."""
    found = (each for each in status.conditions if each.type == ConditionType.FAILURE_TARGET)
    holds = next((each for each in found if each.status == "True" and each.reason in [*Reason]), None)
    return None if holds is None else (Reason(holds.reason), holds.message)


def going_on(round_: SweepRound) -> tuple[Announcement, ...]:
    """Return the Event of a sweep that starts or resumes, none if it was running before."""
    if is_suspended(round_.status):
        return (Announcement("Normal", "Resumed", "spec.suspend is false: its trials continue"),)
    if round_.status.start_time is None and round_.history.trials:
        return (Announcement("Normal", "Started", f"created trial {round_.history.trials[0].name}"),)
    return ()


def is_suspended(status: SweepStatus) -> bool:
    """Return whether the status says that the sweep is suspended."""
    return status_of(status.conditions, ConditionType.SUSPENDED) == "True"


_NOT_SUSPENDED: State = (ConditionType.SUSPENDED, "False", Reason.NOT_SUSPENDED, "")


def _unfinished(suspended: State = _NOT_SUSPENDED) -> list[State]:
    return [
        (ConditionType.COMPLETE, "False", Reason.NOT_FINISHED, ""),
        (ConditionType.FAILED, "False", Reason.NOT_FINISHED, ""),
        suspended,
        (ConditionType.FINISHED, "False", Reason.NOT_FINISHED, ""),
        (ConditionType.STALLED, "False", Reason.NOT_FINISHED, ""),
    ]


def _with(
    round_: SweepRound,
    states: Iterable[State],
    ready: tuple[ConditionStatus, Reason, str],
    reconciling: tuple[ConditionStatus, Reason, str],
) -> SweepStatus:
    """Return the status with these conditions, and with what is known of the trials."""
    found: dict[str, object] = {"trials": round_.counts}
    if round_.spec is not None:
        frontier = round_.frontier
        found["best_trial"] = entry(frontier[0], round_.target) if frontier else None
        found["frontier"] = shown(frontier, round_.target)
    if round_.history.trials and round_.status.start_time is None:
        found["start_time"] = timestamp(round_.now)
    conditions = [*states, (ConditionType.READY, *ready), (ConditionType.RECONCILING, *reconciling)]
    status = round_.status.model_copy(update=found)
    return statuses.with_states(status, conditions, round_.sweep.generation, round_.now)


def _ended(round_: SweepRound, status: SweepStatus) -> SweepStatus:
    return statuses.ended_at(status, round_.now)
