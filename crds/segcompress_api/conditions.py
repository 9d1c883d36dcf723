"""Condition types, reasons, their wording, and the one function that sets a condition.

Complete, Failed, FailureTarget and Suspended are batch/v1's names; Ready, Reconciling and Stalled are
kstatus's (sigs.k8s.io/cli-utils, pkg/kstatus); Finished is True on either end, since `kubectl wait` has no
OR; Accepted tells whether every gate passed.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Literal

from segcompress_api.status import Condition, Phase, timestamp

ConditionStatus = Literal["True", "False", "Unknown"]

MESSAGE_LIMIT = 2048
"""Characters of a condition's message; several conditions of a resource carry the same one."""


class ConditionType(StrEnum):
    """The conditions that every resource carries from its first reconcile on, and a sweep's FailureTarget."""

    COMPLETE = "Complete"
    FAILED = "Failed"
    FAILURE_TARGET = "FailureTarget"
    SUSPENDED = "Suspended"
    FINISHED = "Finished"
    ACCEPTED = "Accepted"
    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"


class Reason(StrEnum):
    """Why a condition is as it is: words for programs; part of the API."""

    # waiting or under way
    PENDING = "Pending"
    QUEUED = "Queued"
    RUNNING = "Running"
    RETRYING = "Retrying"
    PREEMPTED = "Preempted"
    SECRET_NOT_FOUND = "SecretNotFound"  # noqa: S105 - a reason, no secret
    IMAGE_PULL_FAILED = "ImagePullFailed"
    UNSCHEDULABLE = "Unschedulable"
    QUOTA_EXCEEDED = "QuotaExceeded"
    NODE_LOST = "NodeLost"
    SUSPENDED = "Suspended"
    # ends
    SUCCEEDED = "Succeeded"
    REUSED = "Reused"
    INVALID_SPEC = "InvalidSpec"
    INPUT_NOT_FOUND = "InputNotFound"
    INVALID_INPUT = "InvalidInput"
    STORAGE_ACCESS_DENIED = "StorageAccessDenied"
    STORAGE_UNREACHABLE = "StorageUnreachable"
    ACCEPTANCE_NOT_MET = "AcceptanceNotMet"
    SPARSITY_NOT_REACHED = "SparsityNotReached"
    EXPORT_MISMATCH = "ExportMismatch"
    OUT_OF_MEMORY = "OutOfMemory"
    RUNNER_CRASHED = "RunnerCrashed"
    BACKOFF_LIMIT_EXCEEDED = "BackoffLimitExceeded"
    PREEMPTION_LIMIT_EXCEEDED = "PreemptionLimitExceeded"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    NAME_CONFLICT = "NameConflict"
    STOPPED_EARLY = "StoppedEarly"
    MAX_FAILED_TRIALS_EXCEEDED = "MaxFailedTrialsExceeded"
    METRIC_NOT_MEASURED = "MetricNotMeasured"
    NO_ACCEPTABLE_TRIAL = "NoAcceptableTrial"
    # of conditions that do not hold
    NOT_FINISHED = "NotFinished"
    NOT_SUSPENDED = "NotSuspended"
    NOT_MEASURED = "NotMeasured"
    GATES_PASSED = "GatesPassed"


SUCCESS_REASONS = frozenset({Reason.SUCCEEDED, Reason.REUSED})
GATE_REASONS = frozenset({Reason.ACCEPTANCE_NOT_MET, Reason.SPARSITY_NOT_REACHED, Reason.EXPORT_MISMATCH})


def set_condition(conditions: Iterable[Condition], new: Condition) -> tuple[Condition, ...]:
    """Return `conditions` with `new` in its type's place; an unchanged status keeps its transition time."""
    kept = list(conditions)
    for index, old in enumerate(kept):
        if old.type == new.type:
            same = old.status == new.status
            kept[index] = (
                new.model_copy(update={"last_transition_time": old.last_transition_time}) if same else new
            )
            return tuple(kept)
    return (*kept, new)


def condition(
    type_: ConditionType, status: ConditionStatus, reason: Reason, message: str, now: datetime
) -> Condition:
    """Return a condition that changed `now`."""
    return Condition(
        type=type_.value,
        status=status,
        reason=reason.value,
        message=message if len(message) <= MESSAGE_LIMIT else f"{message[: MESSAGE_LIMIT - 1]}…",
        last_transition_time=timestamp(now),
    )


def status_of(conditions: Iterable[Condition], type_: ConditionType) -> ConditionStatus | None:
    """Return the status of one condition, None where it is not set."""
    return next((c.status for c in conditions if c.type == type_.value), None)


def is_finished(conditions: Iterable[Condition]) -> bool:
    """Return whether the run has ended, either way."""
    return status_of(conditions, ConditionType.FINISHED) == "True"


def phase_of(conditions: Iterable[Condition]) -> Phase:
    """Return the summary of the conditions; written to status, never read back."""
    known = {c.type: c for c in conditions}

    def holds(type_: ConditionType) -> bool:
        return type_.value in known and known[type_.value].status == "True"

    if holds(ConditionType.COMPLETE):
        return "Succeeded"
    if holds(ConditionType.FAILED):
        return "Failed"
    if holds(ConditionType.SUSPENDED):
        return "Suspended"
    match known[ConditionType.RECONCILING.value].reason if ConditionType.RECONCILING.value in known else None:
        case Reason.RUNNING | Reason.RETRYING | Reason.PREEMPTED | Reason.STOPPED_EARLY:
            return "Running"
        case Reason.QUEUED:
            return "Queued"
        case _:
            return "Pending"
