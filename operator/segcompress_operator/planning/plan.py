"""What is known of a run, and what is to be done about it: the two ends of every decision.

A Plan is data. Applying the same one twice changes nothing more than applying it once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from segcompress_api.status import JobStatus
from segcompress_operator.planning.observed import ObservedJob, ObservedPod


@dataclass(frozen=True, slots=True)
class Refusal:
    """The API server's word on why our Job, or a pod of it, cannot be made; "" where none was found."""

    of: Literal["Job", "Pod"]
    message: str
    seen: datetime
    final: bool = False
    transient: bool = False
    """Whether the API server could not do it, rather than would not."""


@dataclass(frozen=True, slots=True)
class Observed:
    """A resource's Jobs in the order of their starts, and the pods of the last in the order of their age."""

    jobs: tuple[ObservedJob, ...] = ()
    pods: tuple[ObservedPod, ...] = ()
    preempted: int = 0
    refusal: Refusal | None = None
    conflict: str = ""
    """Name of a Job that has our name and another owner."""

    def refused(self, of: Literal["Job", "Pod"]) -> Refusal | None:
        """Return the refusal where it is one of that kind."""
        return self.refusal if self.refusal is not None and self.refusal.of == of else None


@dataclass(frozen=True, slots=True)
class Announcement:
    """An Event on the resource; posted only after the status it speaks of was written."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class TtlChange:
    """A finished Job's new ttl in seconds; None takes it away."""

    job_name: str
    seconds: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Writes in their order (Job, status, ttl, Events), and when to look again.

    `look_at` is the uid of a Job that gets no pod and says nothing: its Events are to be read, and the plan
    to be made again.
    """

    create: Mapping[str, Any] | None = None
    status: JobStatus | None = None
    ttl: tuple[TtlChange, ...] = ()
    announcements: tuple[Announcement, ...] = ()
    look_at: str | None = None
    requeue_after: float | None = None
