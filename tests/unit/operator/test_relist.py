"""Deletions that happened while nobody watched."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

from segcompress_operator.relist import with_deletions

LISTED = object()
Cycle = list[Any]


def item(uid: str) -> dict[str, Any]:
    return {"type": None, "object": {"metadata": {"uid": uid, "name": uid, "namespace": "vision"}}}


def change(type_: str, uid: str) -> dict[str, Any]:
    return {**item(uid), "type": type_}


def play(*cycles: Cycle, namespaces: tuple[str | None, ...] = ()) -> tuple[list[list[Any]], list[Any]]:
    """Return what came out of each LIST-and-watch cycle, and what was reported as listed."""
    script = iter(cycles)
    listed: list[Any] = []

    async def source(**_: Any) -> AsyncIterator[Any]:
        for event in next(script):
            yield event

    async def scene() -> list[list[Any]]:
        stream = with_deletions(source, LISTED, lambda listing, uids: listed.append((listing, set(uids))))
        kind = SimpleNamespace(plural="pods")
        spaces = namespaces or (None,) * len(cycles)
        return [[e async for e in stream(resource=kind, namespace=space)] for space in spaces]

    return asyncio.run(scene()), listed


def deleted(events: list[Any]) -> set[str]:
    return {e["object"]["metadata"]["uid"] for e in events if e is not LISTED and e["type"] == "DELETED"}


def test_what_a_list_lacks_is_deleted_before_its_end() -> None:
    out, listed = play([item("a"), item("b"), LISTED, change("ADDED", "c")], [item("b"), LISTED])
    assert deleted(out[0]) == set()
    assert deleted(out[1]) == {"a", "c"}
    assert out[1][-1] is LISTED
    assert listed == [(("pods", None), {"a", "b"}), (("pods", None), {"b"})]


def test_empty_list_deletes_all() -> None:
    out, _ = play([item("a"), LISTED], [LISTED])
    assert deleted(out[1]) == {"a"}


def test_what_the_watch_saw_go_is_not_deleted_again() -> None:
    out, _ = play([item("a"), LISTED, change("DELETED", "a")], [LISTED])
    assert deleted(out[1]) == set()


def test_broken_list_deletes_nothing_and_hides_nothing() -> None:
    out, _ = play([item("a"), item("b"), LISTED], [item("a")], [item("b"), LISTED])
    assert deleted(out[1]) == set()
    assert deleted(out[2]) == {"a"}


def test_bookmarks_are_no_objects() -> None:
    bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "9"}}}
    out, _ = play([item("a"), LISTED, bookmark], [item("a"), LISTED])
    assert deleted(out[1]) == set()


def test_namespaces_are_apart() -> None:
    out, _ = play([item("a"), LISTED], [LISTED], namespaces=("one", "two"))
    assert deleted(out[1]) == set()
