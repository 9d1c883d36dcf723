"""A job's log across pods and broken connections."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any

import pytest

from segcompress.client import NotFoundError, NotReadyError, SegCompressionJob, UnreachableError
from segcompress.client.logs import log_lines, stamped
from unit.client.jobs import job_in
from unit.client.test_watching import Time

Body = dict[str, Any]
CUT = UnreachableError("cut")
RUNNING: Body = {"running": {}}
ENDED: Body = {"terminated": {}, "running": None}
WAITING: Body = {"waiting": {}}


def pod(name: str, state: Body, second: int = 0) -> Body:
    return {
        "metadata": {"name": name, "uid": name, "creationTimestamp": f"2026-11-01T12:00:{second:02}Z"},
        "status": {
            "containerStatuses": [{"name": "sidecar", "state": RUNNING}, {"name": "runner", "state": state}]
        },
    }


def line(number: int) -> str:
    return f"2026-11-01T12:00:00.{number:09}Z line {number}"


@dataclass
class Script:
    """A job with scripted states, pods and logs; the last state and pods are repeated."""

    jobs: Sequence[SegCompressionJob | Exception]
    pods_seen: list[list[Body]]
    logs: dict[str, list[list[str | Exception]]]
    time: Time = field(default_factory=Time)
    asked: list[tuple[str, int | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._jobs = chain(self.jobs, repeat(self.jobs[-1]))
        self._pods = chain(self.pods_seen, repeat(self.pods_seen[-1]))

    def job(self) -> SegCompressionJob:
        found = next(self._jobs)
        if isinstance(found, Exception):
            raise found
        return found

    def pods(self, _: SegCompressionJob) -> list[Body]:
        return next(self._pods)

    def log(self, pod: str, *, follow: bool, since_seconds: int | None) -> Iterator[str]:
        self.asked.append((pod, since_seconds))
        assert follow in (True, False)
        for one in self.logs[pod].pop(0) if self.logs[pod] else [CUT]:
            if isinstance(one, Exception):
                raise one
            yield one

    def lines(self, *, follow: bool) -> list[str]:
        return list(log_lines(self, follow=follow, clock=self.time.clock))


OVER, GOING = job_in("succeeded"), job_in("running")


def test_newest_pod_that_has_run_is_told() -> None:
    pods = [pod("a", ENDED, 1), pod("b", ENDED, 2), pod("c", WAITING, 3)]
    script = Script([GOING], [pods], {"b": [[line(1), line(2)]]})
    assert script.lines(follow=False) == ["line 1", "line 2"]


@pytest.mark.parametrize("pods", [[], [pod("a", WAITING)]], ids=["none", "one that waits"])
def test_without_a_pod_there_is_no_log(pods: list[Body]) -> None:
    with pytest.raises(NotReadyError, match="demo has no pod with a log yet: it is Pending"):
        Script([job_in("new")], [pods], {}).lines(follow=False)


def test_pods_that_are_gone_end_following_too() -> None:
    with pytest.raises(NotReadyError, match="it is Succeeded"):
        Script([OVER], [[]], {}).lines(follow=True)


def test_following_waits_for_the_pod_and_goes_on_with_the_next() -> None:
    first, second = pod("a", ENDED, 1), pod("b", ENDED, 2)
    script = Script(
        [GOING] * 6 + [OVER],
        [[], [pod("a", WAITING, 1)], [first], [first], [first], [first, second]],
        {"a": [[line(1)]], "b": [[line(2)]]},
    )
    assert script.lines(follow=True) == ["line 1", "line 2"]


def test_cut_log_goes_on_where_it_was() -> None:
    running, ended = [pod("a", RUNNING)], [pod("a", ENDED)]
    script = Script(
        [GOING, GOING, GOING, OVER],
        [running, running, ended],
        {"a": [[line(1), line(2), CUT], [line(1), line(2), line(3)]]},
    )
    assert script.lines(follow=True) == ["line 1", "line 2", "line 3"]
    assert script.asked == [("a", None), ("a", 12)]


def test_what_a_pod_wrote_after_a_cut_and_before_its_end_is_told() -> None:
    script = Script(
        [GOING, OVER], [[pod("a", RUNNING)], [pod("a", ENDED)]], {"a": [[line(1), CUT], [line(1), line(2)]]}
    )
    assert script.lines(follow=True) == ["line 1", "line 2"]


def test_log_that_stays_cut_ends_following() -> None:
    script = Script([GOING], [[pod("a", ENDED)]], {"a": [[line(1), CUT]]})
    with pytest.raises(UnreachableError):
        script.lines(follow=True)
    assert 300 < script.time.seconds < 310


def test_cut_ends_what_is_not_followed() -> None:
    with pytest.raises(UnreachableError):
        Script([GOING], [[pod("a", RUNNING)]], {"a": [[line(1), CUT]]}).lines(follow=False)


def test_api_server_that_stays_away_ends_following() -> None:
    script = Script([GOING, CUT], [[pod("a", RUNNING)]], {"a": [[line(1)]]})
    with pytest.raises(UnreachableError):
        script.lines(follow=True)
    assert 300 <= script.time.seconds < 310


def test_api_server_that_is_away_between_pods_is_asked_again() -> None:
    script = Script([GOING, CUT, CUT, OVER], [[], [pod("a", ENDED)]], {"a": [[line(1)]]})
    assert script.lines(follow=True) == ["line 1"]


def test_api_server_that_is_away_at_first_ends_it_at_once() -> None:
    script = Script([CUT], [[]], {})
    with pytest.raises(UnreachableError):
        script.lines(follow=True)
    assert script.time.seconds == 0


def test_deleted_pod_is_at_its_end() -> None:
    script = Script([GOING, OVER], [[pod("a", RUNNING)]], {"a": [[line(1), NotFoundError("gone")]]})
    assert script.lines(follow=True) == ["line 1"]


def test_job_of_the_same_name_that_was_made_since_is_another_one() -> None:
    other = GOING.model_copy(update={"metadata": GOING.metadata.model_copy(update={"uid": "other"})})
    script = Script([GOING, other], [[], [pod("b", RUNNING)]], {"b": [[line(1)]]})
    with pytest.raises(NotFoundError, match="demo was deleted meanwhile"):
        script.lines(follow=True)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("2026-11-01T12:00:00.1Z", "2026-11-01T12:00:00.123456789Z"),
        ("2026-11-01T12:00:00.000000001Z", "2026-11-01T12:00:00.000000002Z"),
        ("2026-11-01T12:00:00Z", "2026-11-01T12:00:00.5Z"),
        ("2026-11-01T13:00:00.900000000+02:00", "2026-11-01T14:00:00.100000000+02:00"),
    ],
)
def test_time_stamps_are_compared_by_their_nanoseconds(earlier: str, later: str) -> None:
    first, second = stamped(f"{earlier} a b")[0], stamped(f"{later} a b")[0]
    assert first is not None
    assert second is not None
    assert first < second


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("2026-11-01T12:00:00.1Z a b", "a b"),
        ("2026-11-01T12:00:00.1Z ", ""),
        (
            "unable to retrieve container logs for containerd://0a1b",
            "unable to retrieve container logs for c",
        ),
        ("", ""),
    ],
)
def test_line_is_told_without_its_time_stamp(line: str, text: str) -> None:
    assert stamped(line)[1].startswith(text)
