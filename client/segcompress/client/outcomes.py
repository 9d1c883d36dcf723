"""What the status of a job or sweep says: whether it has finished, how, and its progress. Pure."""

from dataclasses import dataclass
from datetime import datetime

from segcompress.client.kinds import Resource
from segcompress_api.conditions import ConditionType, is_finished, status_of
from segcompress_api.progress import JobProgress
from segcompress_api.status import Condition


@dataclass(frozen=True)
class Outcome:
    """How a job or sweep ended: `reason` is for programs, `message` for people."""

    succeeded: bool
    reason: str
    message: str

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}" if self.message else self.reason


def outcome(job: Resource) -> Outcome | None:
    """Return how a job or sweep ended, None if it has not."""
    conditions = job.status.conditions
    if not is_finished(conditions):
        return None
    succeeded = status_of(conditions, ConditionType.COMPLETE) == "True"
    told = condition_of(job, ConditionType.COMPLETE if succeeded else ConditionType.FAILED)
    return Outcome(succeeded, told.reason if told else "", told.message if told else "")


def condition_of(job: Resource, type_: ConditionType) -> Condition | None:
    """Return one condition, None if it is not set."""
    return next((one for one in job.status.conditions if one.type == type_.value), None)


def standing(job: Resource) -> str:
    """Return the state of a job or sweep in a few words: Succeeded, or Pending (SecretNotFound: …)."""
    ended = outcome(job)
    if ended is not None:
        return f"{'Succeeded' if ended.succeeded else 'Failed'} ({ended})"
    phase = job.status.phase or "Pending"
    told = condition_of(job, ConditionType.RECONCILING)
    if told is None or told.reason in (phase, "") or told.status != "True":
        return phase
    return f"{phase} ({told.reason}: {told.message})" if told.message else f"{phase} ({told.reason})"


def seconds_left(progress: JobProgress, now: datetime) -> int | None:
    """Return the seconds to the end of the stage, from the estimate and its age; None without one."""
    if progress.eta_seconds is None:
        return None
    age = (now - datetime.fromisoformat(progress.last_update_time)).total_seconds()
    return max(0, round(progress.eta_seconds - max(0.0, age)))
