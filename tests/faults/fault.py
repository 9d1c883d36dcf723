"""A fault as data: what goes wrong, and at which of the operator's writes or of the events that it gets."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What may go wrong. The value is its name on the command line and in the table."""

    # at a write
    CONFLICT = "409 twice"
    THROTTLED = "429"
    SERVER_ERROR = "500"
    TIMEOUT_BEFORE = "timeout before"
    TIMEOUT_AFTER = "timeout after"
    KILL_BEFORE = "kill before"
    KILL_AFTER = "kill after"
    HANG = "hang"
    RIVAL = "two leaders"
    # at an event
    DROP = "drop"
    DELAY_1 = "delay 1 s"
    DELAY_10 = "delay 10 s"
    DELAY_80 = "delay 80 s"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    GONE = "410"
    STALL = "stall"
    TRUNCATE = "truncate"
    STALE = "stale LIST"
    # all the time
    CLOCK_AHEAD = "clock 5 min ahead"
    CLOCK_BEHIND = "clock 5 min behind"


MEANINGS = {
    Kind.CONFLICT: "this write and the next of its kind are refused",
    Kind.THROTTLED: "the write is refused with Retry-After: 1",
    Kind.SERVER_ERROR: "the write is refused with an internal error",
    Kind.TIMEOUT_BEFORE: "no answer, and the write has no effect",
    Kind.TIMEOUT_AFTER: "no answer, and the write took effect",
    Kind.KILL_BEFORE: "SIGKILL, and the write has no effect",
    Kind.KILL_AFTER: "SIGKILL, and the write took effect",
    Kind.HANG: "SIGSTOP for 25 s; a standby takes the Lease (20 s), and only then the write takes effect",
    Kind.RIVAL: "a second operator also leads for 10 s; the write waits until it has reconciled",
    Kind.DROP: "the event is lost, later ones arrive; after 3 s the history is compacted, and a LIST follows",
    Kind.DELAY_1: "this event and later ones on its watch are delivered 1 s late",
    Kind.DELAY_10: "the same, 10 s",
    Kind.DELAY_80: "the same, 80 s: longer than the operator waits for a silent watch",
    Kind.DUPLICATE: "the event is delivered twice",
    Kind.REORDER: "the event is delivered after the next one of another watch (after 5 s if there is none)",
    Kind.GONE: "410 is delivered instead of the event",
    Kind.STALL: "this watch delivers nothing more, and is not closed",
    Kind.TRUNCATE: "the watch ends in the middle of the event",
    Kind.STALE: "410, and the LIST that follows is as old as the one before it",
    Kind.CLOCK_AHEAD: "the operator's clock is ahead of the API server's by 5 min",
    Kind.CLOCK_BEHIND: "it is 5 min behind",
}

AT_WRITES = (
    Kind.CONFLICT,
    Kind.THROTTLED,
    Kind.SERVER_ERROR,
    Kind.TIMEOUT_BEFORE,
    Kind.TIMEOUT_AFTER,
    Kind.KILL_BEFORE,
    Kind.KILL_AFTER,
    Kind.HANG,
    Kind.RIVAL,
)
AT_START = (Kind.CLOCK_AHEAD, Kind.CLOCK_BEHIND)
AT_EVENTS = tuple(kind for kind in Kind if kind not in (*AT_WRITES, *AT_START))

SECONDS = {
    Kind.TIMEOUT_BEFORE: 30.0,
    Kind.TIMEOUT_AFTER: 30.0,
    Kind.HANG: 25.0,
    Kind.RIVAL: 20.0,
    Kind.DROP: 3.0,
    Kind.DELAY_1: 1.0,
    Kind.DELAY_10: 10.0,
    Kind.DELAY_80: 80.0,
    Kind.REORDER: 5.0,
    Kind.STALL: 70.0,
}
"""How long a fault lasts, at most; the operator gives up a request after 30 s and a silent watch after 70."""

CLOCK_SECONDS = {Kind.CLOCK_AHEAD: 300.0, Kind.CLOCK_BEHIND: -300.0}
"""How far the operator's clock is ahead."""

UNTRUE = frozenset({Kind.DROP, Kind.STALE})
"""Kinds that tell the operator what no API server would, such as a pod without the end of the one before."""


@dataclass(frozen=True, order=True)
class Point:
    """The `number`th (from 1) write ("create jobs") or event ("jobs") of that name in a run."""

    what: str
    number: int

    @property
    def is_write(self) -> bool:
        """Whether it is a write."""
        return " " in self.what

    def __str__(self) -> str:
        if self == START:
            return "the start"
        return f"{self.what} {self.number}" if self.is_write else f"event {self.number} of {self.what}"


START = Point("start", 1)
"""Where a fault begins that lasts for the whole run."""


@dataclass(frozen=True)
class Fault:
    """One fault at one point."""

    kind: Kind
    point: Point

    def strikes(self, point: Point) -> bool:
        """Return whether it happens at this point."""
        times = 2 if self.kind is Kind.CONFLICT else 1
        return point.what == self.point.what and 0 <= point.number - self.point.number < times

    def __str__(self) -> str:
        return f"{self.kind.value} at {self.point}"


def faults_at(points: Iterable[Point]) -> list[Fault]:
    """Return every fault that can happen at these points, and those that begin with the run."""
    at_points = [
        Fault(kind, point) for point in points for kind in (AT_WRITES if point.is_write else AT_EVENTS)
    ]
    return [*at_points, *(Fault(kind, START) for kind in AT_START)]
