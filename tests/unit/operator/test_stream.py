"""How large pages of a LIST are asked for, and how often."""

import asyncio
import gc
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from kopf._cogs.clients.errors import APIForbiddenError

from segcompress_operator.framework import stream_settings
from segcompress_operator.kinds import PODS
from segcompress_operator.watching import stream
from segcompress_operator.watching.decoding import Page
from segcompress_operator.watching.stream import LARGEST_PAGE, PAGE_BYTES, next_limit
from unit.operator.fed import Fed


@pytest.mark.parametrize(
    ("limit", "size", "expected"),
    [
        pytest.param(50, PAGE_BYTES, 50, id="as many again"),
        pytest.param(50, PAGE_BYTES * 5, 10, id="large objects: fewer"),
        pytest.param(50, 1000, 200, id="small objects: more, but not at a stroke"),
        pytest.param(400, 1000, LARGEST_PAGE, id="never more than this"),
        pytest.param(1, PAGE_BYTES * 9, 1, id="one at least"),
        pytest.param(50, 0, 200, id="empty page"),
    ],
)
def test_pages_are_sized_by_bytes(limit: int, size: int, expected: int) -> None:
    assert next_limit(limit, size) == expected


class EnoughError(Exception):
    """Ends a stream that would go on for ever."""


@pytest.mark.parametrize("error", [None, APIForbiddenError("no", status=403, headers={})])
def test_list_that_no_watch_follows_is_repeated_ever_more_rarely(
    monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    """A proxy that closes each watch, or a role with list and without watch, costs no stream of LISTs."""
    pages, waits = itertools.count(1), []

    async def page(*_: object) -> Page:
        if next(pages) > 4:
            raise EnoughError
        return Page(items=[], version="5", rest="", size=100)

    async def watch(*_: object) -> AsyncIterator[Any]:
        for each in filter(None, [error]):
            raise each
        return
        yield

    def delay(failures: int) -> float:
        waits.append(failures)
        return 0.0

    monkeypatch.setattr(stream.Stream, "_page", page)
    monkeypatch.setattr(stream.Stream, "_events", watch)
    monkeypatch.setattr(stream, "_delay", delay)
    sink = Fed(listed=False).runs.sinks()[PODS]
    one = stream.Stream(stream.Watched(PODS, None), sink, stream_settings(), asyncio.Semaphore())
    with pytest.raises(EnoughError):
        asyncio.run(one.run())
    assert waits == [1, 2, 3, 4]


def listed_by(monkeypatch: pytest.MonkeyPatch, *versions: str) -> list[str]:
    """Let a stream get LISTs at these versions, each with a watch that ends at once; return whose it took."""
    pages, taken = iter(versions), list[str]()

    async def page(*_: object) -> Page:
        version = next(pages, "")
        if not version:
            raise EnoughError
        return Page(items=[], version=version, rest="", size=100)

    async def watch(*_: object) -> AsyncIterator[Any]:
        raise stream.StreamError("410")
        yield

    monkeypatch.setattr(stream.Stream, "_page", page)
    monkeypatch.setattr(stream.Stream, "_events", watch)
    monkeypatch.setattr(stream, "_delay", lambda _: 0.0)
    sink = Fed(listed=False).runs.sinks()[PODS]
    monkeypatch.setattr(sink, "listed", lambda _, version, __: taken.append(version))
    one = stream.Stream(stream.Watched(PODS, None), sink, stream_settings(), asyncio.Semaphore())
    with pytest.raises(EnoughError):
        asyncio.run(one.run())
    return taken


def test_what_was_listed_is_spared_later_garbage_collections(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop stands still while a full one reads all records."""
    record: list[object] = [[]]
    try:
        listed_by(monkeypatch, "7")
        assert all(each is not record for each in gc.get_objects())
    finally:
        gc.unfreeze()


def test_only_the_first_list_spares_what_is_there_from_collections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cycles among what is set aside are never collected: a stream must not add to them for ever."""
    spared = list[None]()
    monkeypatch.setattr(stream, "_set_aside", lambda: spared.append(None))
    listed_by(monkeypatch, "7", "8", "9")
    assert len(spared) == 1


@pytest.mark.parametrize(
    ("versions", "taken"),
    [
        pytest.param(["7", "9", "9"], ["7", "9", "9"], id="present"),
        pytest.param(["9", "7", "9", "8", "10"], ["9", "9", "10"], id="late answers"),
        pytest.param(["9", "7", "7", "7", "7", "8"], ["9", "7", "8"], id="restored backup"),
        pytest.param(["9", "7", "7", "9", "7", "7", "9"], ["9", "9", "9"], id="counted in a row"),
    ],
)
def test_list_of_the_past_is_believed_when_it_comes_again_and_again(
    monkeypatch: pytest.MonkeyPatch, versions: list[str], taken: list[str]
) -> None:
    assert listed_by(monkeypatch, *versions) == taken
