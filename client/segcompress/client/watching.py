"""A job's states, one after another, across broken connections.

A watch only says when to look: each time one ends, for whatever reason (the server's time limit, a cut
connection, a version that is too old: 410), the object is asked for again and the next watch starts there. So
nothing is missed for good, and nothing has to be taken over from one watch to the next.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from segcompress.client.errors import NotFoundError, UnreachableError, WaitTimeoutError

Body = dict[str, Any]

_WATCH_S = 240.0
PATIENCE_S = 300.0
"""An API server that is being upgraded may be unavailable for minutes, and a run takes hours."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 8.0


class Source(Protocol):
    """One object on the API server."""

    def get(self) -> Body:
        """Return it; raises NotFoundError or UnreachableError."""

    def changes(self, body: Body, seconds: float) -> Iterator[tuple[str, Body]]:
        """Yield (type of event, object) for each change after `body`, for at most `seconds`."""


@dataclass(frozen=True)
class Clock:
    """The current time in seconds, and how to sleep."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


SYSTEM_CLOCK = Clock()


def states(source: Source, timeout: float | None = None, clock: Clock = SYSTEM_CLOCK) -> Iterator[Body]:
    """Yield the object as it is, then after each change; a state may be yielded twice.

    Raises NotFoundError where it is deleted, WaitTimeoutError after `timeout` seconds, and UnreachableError
    where the API server is away at first, or later for five minutes.
    """
    end = None if timeout is None else clock.now() + timeout
    body = source.get()
    while True:
        yield body
        body = yield from _watched(source, body, _left(end, clock))
        body = _again(source, body, end, clock)


def _watched(source: Source, body: Body, seconds: float) -> Any:
    """Yield states until the watch ends; return the last."""
    try:
        for type_, changed in source.changes(body, seconds):
            if type_ == "DELETED":
                raise _deleted(body)
            body = changed
            yield body
    except UnreachableError:
        pass  # broken, or too old: the object is read again
    return body


def _again(source: Source, before: Body, end: float | None, clock: Clock) -> Body:
    """Return the current object; retry until the API server answers."""
    pause, patience = _FIRST_PAUSE_S, clock.now() + PATIENCE_S
    while True:
        clock.sleep(min(pause, _left(end, clock)))
        try:
            body = source.get()
        except UnreachableError:
            if clock.now() >= patience:
                raise
            pause = min(2 * pause, _LONGEST_PAUSE_S)
            continue
        except NotFoundError:
            raise _deleted(before) from None
        if body["metadata"]["uid"] != before["metadata"]["uid"]:
            raise _deleted(before)
        return body


def _left(end: float | None, clock: Clock) -> float:
    """Return how many seconds to wait; raises WaitTimeoutError if none are left."""
    if end is None:
        return _WATCH_S
    left = end - clock.now()
    if left <= 0:
        raise WaitTimeoutError("the time is up")
    return min(left, _WATCH_S)


def _deleted(body: Body) -> NotFoundError:
    return NotFoundError(f"{body['metadata']['name']} was deleted meanwhile")
