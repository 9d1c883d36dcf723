"""What is known of a run, and what is to be done about it: the two ends of every decision.

A Plan is data. Applying the same one twice changes nothing more than applying it once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from segcompress_api.progress import ProgressReport
from segcompress_api.status import JobStatus
from segcompress_operator.planning.observed import ObservedJob, ObservedPod

FIRST_TRY_SECONDS = 15.0
LAST_TRY_SECONDS = 600.0
LAST_TRIAL_TRY_SECONDS = 60.0
"""The shortest and the longest wait between two tries of what the API server refuses.

A sweep tries one trial, however many it has to create: it may try again sooner than each of many jobs.
"""

TRANSIENT_SECONDS = 0.1
"""Delay for requests that the API server could not serve; the queue's back-off is longer."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The API server's reason why our Job, a pod of it, or a trial cannot be created; "" if none was found.

    `seen` is when we asked, `said` when that word was given, and `since` when we asked first and got no
    better answer.
    """

    of: Literal["Job", "Pod", "Trial"]
    message: str
    seen: datetime
    final: bool = False
    transient: bool = False
    """Whether the API server could not do it, rather than refused: the queue retries by itself."""
    said: datetime | None = None
    since: datetime | None = None

    def after(self, before: "Refusal | None") -> "Refusal":
        """Return this refusal as one more in a row, where `before` was one of the same."""
        in_a_row = before is not None and before.of == self.of
        return replace(self, since=before.since or before.seen) if in_a_row and before else self

    def next_try(self, since: datetime) -> datetime:
        """Return when to retry: after the time for which it has been refused so far, within limits."""
        if self.transient:
            return self.seen + timedelta(seconds=TRANSIENT_SECONDS)
        waited = (self.seen - since).total_seconds()
        longest = LAST_TRIAL_TRY_SECONDS if self.of == "Trial" else LAST_TRY_SECONDS
        return self.seen + timedelta(seconds=min(max(waited, FIRST_TRY_SECONDS), longest))


@dataclass(frozen=True, slots=True)
class Reported:
    """A progress report of a pod, and when it was received."""

    report: ProgressReport
    received: datetime


@dataclass(frozen=True, slots=True)
class Observed:
    """A resource's Jobs in the order of their starts, and the pods of the last in the order of their age."""

    jobs: tuple[ObservedJob, ...] = ()
    pods: tuple[ObservedPod, ...] = ()
    refusal: Refusal | None = None
    conflict: str = ""
    """Name of a Job that has our name and another owner."""
    reported: Reported | None = None
    """The newest report of the last pod."""
    asked: bool = False
    """Whether the API server was asked for `pods` after the last Job's end: a watch may be late."""
    left: tuple[ObservedPod, ...] | None = None
    """Orphaned pods that may run; None if they were not listed."""
    stop: str = ""
    """Why the run's sweep stops it early, "" if it does not."""
    job_went: bool = False
    """Whether a Job of the run disappeared, or may have before the operator started."""

    def refused(self, of: Literal["Job", "Pod"]) -> Refusal | None:
        """Return the refusal if it is of that kind, and no pod was created since."""
        refusal = self.refusal
        if refusal is None or refusal.of != of:
            return None
        newest = max((pod.created for pod in self.pods), default=None)
        outdated = newest is not None and (refusal.said or refusal.seen) < newest
        return None if outdated else refusal


@dataclass(frozen=True, slots=True)
class Announcement:
    """An Event on the resource; posted only after the status it speaks of was written."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Deletion:
    """A Job to be deleted, and no other of its name; it stays until its pods are gone.

    With a `version`, it is deleted only if it has not changed since that version.
    """

    job_name: str
    uid: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class TtlChange:
    """A finished Job's new ttl in seconds; None takes it away."""

    job_name: str
    seconds: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Writes in their order (Job, status with its Events, deletion, ttl), and when to look again.

    The status is written under the version that was planned for, so nothing is deleted on an outdated view.

    `read_events_of` is the uid of a Job that gets no pod and says nothing: its Events are to be read, and the
    plan to be made again. `list_pods_of` is the uid of a Job whose pods are to be listed, and the same;
    `list_left_of` the names of Jobs that are out of sight: either they or their pods may still be there.
    """

    create: Mapping[str, Any] | None = None
    status: JobStatus | None = None
    delete: Deletion | None = None
    ttl: tuple[TtlChange, ...] = ()
    announcements: tuple[Announcement, ...] = ()
    read_events_of: str | None = None
    list_pods_of: str | None = None
    list_left_of: tuple[str, ...] = ()
    requeue_after: float | None = None
