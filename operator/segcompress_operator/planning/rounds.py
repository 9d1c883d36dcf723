"""One reconciliation of a resource: what is known of it, and the answers that all parts of a plan need."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from segcompress_api.conditions import ConditionType, Reason
from segcompress_api.status import Condition, JobStatus
from segcompress_operator.planning import statuses
from segcompress_operator.planning.observed import Resource
from segcompress_operator.planning.plan import Observed
from segcompress_operator.planning.progress import Progress, overdue_at
from segcompress_operator.settings import RunnerSettings

REWORD_SECONDS = 60.0
"""Words that say the same with other numbers are written at most this often."""

_REWORDED = (Reason.UNSCHEDULABLE, Reason.QUOTA_EXCEEDED)
"""Reasons whose messages count nodes and pods, and so change with each of them."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one reconciliation knows of a resource."""

    resource: Resource
    observed: Observed
    status: JobStatus
    settings: RunnerSettings
    now: datetime

    def seconds_until(self, moment: datetime) -> float:
        """Return how long it is until `moment`; negative where it is over."""
        return (moment - self.now).total_seconds()

    def is_older(self, moment: datetime, seconds: float) -> bool:
        """Return whether `moment` is at least so long ago.

        One that lies as far ahead comes from a clock that is minutes off: it counts as long ago.
        """
        return abs(self.now - moment) >= timedelta(seconds=seconds)

    def condition(self, type_: ConditionType) -> Condition | None:
        """Return the condition as it stands."""
        return next((each for each in self.status.conditions if each.type == type_.value), None)

    def until_overdue(self) -> float | None:
        """Return the seconds until the next pod counts as lost, None where none is about to."""
        pods = (*self.observed.pods, *(self.observed.left or ()))
        waits = soonest(*(self.seconds_until(m) for m in map(overdue_at, pods) if m))
        return waits if waits is not None and waits > 0 else None

    def in_progress(self, progress: Progress) -> tuple[JobStatus, float | None]:
        """Return the status of a run that goes on, and when to say again what was left unsaid.

        Where only the wording differs from what stands there, the old words stay for a while.
        """
        progress, wait = self._in_words_that_stand(progress)
        status = statuses.in_progress(self.status, progress, self.resource.generation, self.now)
        return status, wait

    def _in_words_that_stand(self, progress: Progress) -> tuple[Progress, float | None]:
        reason, message = statuses.current_reason(self.status)
        if reason != progress.reason.value or message == progress.message:
            return progress, None
        kept = replace(progress, message=message)
        if (
            progress.reason is Reason.IMAGE_PULL_FAILED
        ):  # the kubelet's wording changes with each of its tries
            return kept, None
        if progress.reason not in _REWORDED and _without_numbers(message) != _without_numbers(
            progress.message
        ):
            return progress, None
        written = self.resource.written
        wait = 0.0 if written is None else self.seconds_until(written + timedelta(seconds=REWORD_SECONDS))
        return (kept, wait) if wait > 0 else (progress, None)


def soonest(*waits: float | None) -> float | None:
    """Return the shortest of the waits that are given."""
    return min((wait for wait in waits if wait is not None), default=None)


def _without_numbers(text: str) -> str:
    return re.sub(r"\d+", "", text)
