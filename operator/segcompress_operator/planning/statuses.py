"""Status as a whole: the eight conditions of each state, and the smallest patch from one status to the next.

Whatever others have put into a status stays: unknown keys are never written, unknown conditions are kept.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import ValidationError

from segcompress_api.conditions import (
    GATE_REASONS,
    ConditionStatus,
    ConditionType,
    Reason,
    condition,
    phase_of,
    set_condition,
)
from segcompress_api.status import Condition, JobStatus, timestamp
from segcompress_api.sweep_status import SweepStatus
from segcompress_operator.planning.outcomes import Outcome
from segcompress_operator.planning.progress import Progress

State = tuple[ConditionType, ConditionStatus, Reason, str]
_REMOVABLE = ("progress", "evaluations", "bestTrial")
S = TypeVar("S", JobStatus, SweepStatus)


@lru_cache(maxsize=1024)
def parse_status(text: bytes) -> JobStatus:
    """Return a job's status in JSON; a field that this version cannot read counts as unset."""
    return read_status(JobStatus, text)


def read_status(model: type[S], text: bytes) -> S:
    """Return the status in JSON; a field that this version cannot read counts as unset."""
    raw = _loaded(text)
    known = {info.alias or name for name, info in model.model_fields.items()}
    kept = {key: value for key, value in raw.items() if key in known}
    while kept:
        try:
            return model.model_validate(kept)
        except ValidationError as error:
            wrong = {str(e["loc"][0]) for e in error.errors(include_url=False) if e["loc"]}
            kept = {key: value for key, value in kept.items() if wrong and key not in wrong}
    return model()


def in_progress(status: JobStatus, progress: Progress, generation: int, now: datetime) -> JobStatus:
    """Return the status of a run that has not ended."""
    reason, message = progress.reason, progress.message
    return with_states(
        status,
        [
            (ConditionType.COMPLETE, "False", Reason.NOT_FINISHED, ""),
            (ConditionType.FAILED, "False", Reason.NOT_FINISHED, ""),
            (ConditionType.SUSPENDED, "False", Reason.NOT_SUSPENDED, ""),
            (ConditionType.FINISHED, "False", Reason.NOT_FINISHED, ""),
            (ConditionType.ACCEPTED, "Unknown", Reason.NOT_MEASURED, ""),
            (ConditionType.READY, "False", reason, message),
            (ConditionType.RECONCILING, "True", reason, message),
            (ConditionType.STALLED, "False", Reason.NOT_FINISHED, ""),
        ],
        generation,
        now,
    )


def about_to_end(status: JobStatus, outcome: Outcome, generation: int, now: datetime) -> JobStatus:
    """Return the status of a run whose end is decided, and whose pods are still there."""
    state: State = (ConditionType.FINISHED, "False", outcome.reason, outcome.message)
    return with_states(status, [state], generation, now)


def suspended(
    status: JobStatus, words: str, left: Progress | None, generation: int, now: datetime
) -> JobStatus:
    """Return the status of a suspended run; `left` says what of it still runs, None where nothing does."""
    reason, message = (left.reason, left.message) if left else (Reason.SUSPENDED, words)
    return with_states(
        status,
        [
            (ConditionType.COMPLETE, "False", Reason.NOT_FINISHED, ""),
            (ConditionType.FAILED, "False", Reason.NOT_FINISHED, ""),
            (ConditionType.SUSPENDED, "True", Reason.SUSPENDED, words),
            (ConditionType.FINISHED, "False", Reason.NOT_FINISHED, ""),
            (ConditionType.ACCEPTED, "Unknown", Reason.NOT_MEASURED, ""),
            (ConditionType.READY, "False", reason, message),
            (ConditionType.RECONCILING, "True" if left else "False", reason, message if left else ""),
            (ConditionType.STALLED, "False", Reason.NOT_FINISHED, ""),
        ],
        generation,
        now,
    )


def succeeded(status: JobStatus, outcome: Outcome, generation: int, now: datetime) -> JobStatus:
    """Return the status of a run that ended well."""
    reason, message = outcome.reason, outcome.message
    return with_states(
        _measured(status, outcome),
        [
            (ConditionType.COMPLETE, "True", reason, message),
            (ConditionType.FAILED, "False", reason, ""),
            (ConditionType.SUSPENDED, "False", Reason.NOT_SUSPENDED, ""),
            (ConditionType.FINISHED, "True", reason, message),
            (ConditionType.ACCEPTED, "True", Reason.GATES_PASSED, ""),
            (ConditionType.READY, "True", reason, message),
            (ConditionType.RECONCILING, "False", reason, ""),
            (ConditionType.STALLED, "False", reason, ""),
        ],
        generation,
        now,
    )


def failed(status: JobStatus, outcome: Outcome, generation: int, now: datetime) -> JobStatus:
    """Return the status of a run that ended badly; what was measured is kept."""
    reason, message = outcome.reason, outcome.message
    accepted: State = (
        (ConditionType.ACCEPTED, "False", reason, message)
        if reason in GATE_REASONS
        else (ConditionType.ACCEPTED, "Unknown", Reason.NOT_MEASURED, "")
    )
    return with_states(
        _measured(status, outcome),
        [
            (ConditionType.COMPLETE, "False", reason, ""),
            (ConditionType.FAILED, "True", reason, message),
            (ConditionType.SUSPENDED, "False", Reason.NOT_SUSPENDED, ""),
            (ConditionType.FINISHED, "True", reason, message),
            accepted,
            (ConditionType.READY, "False", reason, message),
            (ConditionType.RECONCILING, "False", reason, ""),
            (ConditionType.STALLED, "True", reason, message),
        ],
        generation,
        now,
    )


def observed_again(status: S, generation: int) -> S:
    """Return an ended run's status after an edit of a field that changes nothing of its end."""
    return status.model_copy(
        update={
            "observed_generation": generation,
            "conditions": tuple(
                c.model_copy(update={"observed_generation": generation})
                if c.type in list(ConditionType)
                else c
                for c in status.conditions
            ),
        }
    )


def ended_at(status: S, moment: datetime) -> S:
    """Return the status with its completion time, and a start time where none was seen."""
    end = timestamp(moment)
    return status.model_copy(
        update={"completion_time": end, "start_time": min(status.start_time or end, end)}
    )


def current_reason(status: JobStatus | SweepStatus) -> tuple[str, str]:
    """Return reason and message of Reconciling, as they stand."""
    found = (c for c in status.conditions if c.type == ConditionType.RECONCILING)
    return next(((c.reason, c.message) for c in found), ("", ""))


def status_patch(old: bytes, new: JobStatus | SweepStatus) -> dict[str, Any]:
    """Return the merge patch from the status in JSON to `new`: only keys that differ.

    Of what this version wrote earlier, progress, evaluations and a sweep's best trial alone may go again.
    """
    before, after = _loaded(old), new.to_wire()
    patch = {key: _over(before.get(key), value) for key, value in after.items() if before.get(key) != value}
    return {**patch, **{key: None for key in _REMOVABLE if key in before and key not in after}}


def _over(before: Any, value: Any) -> Any:
    """Return what makes a merge leave `value`: null for each key that it lacks."""
    if not (isinstance(before, dict) and isinstance(value, dict)):
        return value
    inner = {key: _over(before.get(key), each) for key, each in value.items()}
    return {**dict.fromkeys(before.keys() - value.keys()), **inner}


@lru_cache(maxsize=256)
def _loaded(text: bytes) -> Mapping[str, Any]:
    """Return a status in JSON, which is asked for again in every round; nobody changes it."""
    return MappingProxyType(json.loads(text or b"{}"))


def _measured(status: JobStatus, outcome: Outcome) -> JobStatus:
    result = outcome.result
    if result is None:
        return status
    return status.model_copy(update={"metrics": result.metrics, "artifacts": result.artifacts})


def with_states(status: S, states: Iterable[State], generation: int, now: datetime) -> S:
    """Return the status with these conditions, as they are of now."""
    conditions: tuple[Condition, ...] = status.conditions
    for type_, holds, reason, message in states:
        new = condition(type_, holds, reason, message, now)
        conditions = set_condition(conditions, new.model_copy(update={"observed_generation": generation}))
    return status.model_copy(
        update={
            "observed_generation": generation,
            "conditions": conditions,
            "phase": phase_of(conditions),
        }
    )
