"""States of a job across watches that end in every possible way."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from segcompress.client import NotFoundError, UnreachableError, WaitTimeoutError
from segcompress.client.watching import Clock, states

Body = dict[str, Any]
CUT = UnreachableError("cut")


def body(version: int, uid: str = "u") -> Body:
    return {"metadata": {"name": "demo", "uid": uid, "resourceVersion": str(version)}}


@dataclass
class Time:
    """A clock that only `sleep` and watches advance."""

    seconds: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.seconds, self.sleep)


@dataclass
class Script:
    """An object with scripted responses: one per get, some per watch."""

    gets: list[Body | Exception]
    watches: list[list[tuple[str, Body] | Exception]]
    time: Time = field(default_factory=Time)
    watched_from: list[str] = field(default_factory=list)

    def get(self) -> Body:
        return told(self.gets.pop(0))

    def changes(self, body: Body, seconds: float) -> Iterator[tuple[str, Body]]:
        self.watched_from.append(body["metadata"]["resourceVersion"])
        for one in self.watches.pop(0) if self.watches else ():
            if isinstance(one, Exception):
                raise one
            yield one
        self.time.seconds += seconds


def told(one: Body | Exception) -> Body:
    if isinstance(one, Exception):
        raise one
    return one


def versions(script: Script, count: int, timeout: float | None = None) -> list[str]:
    """Return the versions of the first states."""
    found = states(script, timeout, script.time.clock)
    return [next(found)["metadata"]["resourceVersion"] for _ in range(count)]


def test_changes_follow_the_first_state() -> None:
    script = Script([body(1)], [[("MODIFIED", body(2)), ("MODIFIED", body(3))]])
    assert versions(script, 3) == ["1", "2", "3"]


@pytest.mark.parametrize("end", [[], [CUT]], ids=["time limit of the server", "cut, or 410"])
def test_watch_that_ends_is_followed_by_a_look_and_another(end: list[Exception]) -> None:
    script = Script([body(1), body(5)], [[("MODIFIED", body(2)), *end], [("MODIFIED", body(6))]])
    assert versions(script, 4) == ["1", "2", "5", "6"]
    assert script.watched_from == ["1", "5"]


def test_api_server_that_is_away_is_asked_again() -> None:
    script = Script([body(1), CUT, CUT, CUT, body(2)], [[CUT]])
    assert versions(script, 2) == ["1", "2"]


def test_api_server_that_stays_away_ends_it_after_minutes() -> None:
    script = Script([body(1), *[CUT] * 1000], [[CUT]])
    with pytest.raises(UnreachableError):
        versions(script, 2)
    assert 300 <= script.time.seconds <= 310


def test_api_server_that_is_away_at_first_ends_it_at_once() -> None:
    script = Script([CUT], [])
    with pytest.raises(UnreachableError):
        versions(script, 1)
    assert script.time.seconds == 0


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(Script([body(1)], [[("DELETED", body(2))]]), id="seen by the watch"),
        pytest.param(Script([body(1), NotFoundError("no")], [[CUT]]), id="while the watch was cut"),
        pytest.param(Script([body(1), body(9, uid="other")], [[CUT]]), id="and made anew"),
    ],
)
def test_deleted_job_is_told_as_deleted(script: Script) -> None:
    with pytest.raises(NotFoundError, match="demo was deleted meanwhile"):
        versions(script, 2)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(Script([body(1)] * 99, []), id="nothing changes"),
        pytest.param(Script([body(1), *[CUT] * 99], [[CUT]]), id="the API server is away"),
    ],
)
def test_time_ends_the_wait_whatever_happens(script: Script) -> None:
    with pytest.raises(WaitTimeoutError):
        versions(script, 99, timeout=10)
    assert script.time.seconds == 10
