"""Deletions that no watch reported: what a LIST lacks and an earlier one had.

kopf (to 1.45) turns a LIST into events without a type and says nothing of objects that vanished while no
watch was open, nor does it tell its handlers where a LIST ends. This wraps its stream of one kind and
namespace: before the mark that ends a LIST it puts a DELETED event for every object that is missing, in
stream order, so that the handlers, and kopf's own memory, forget it as if the watch had seen it go.
"""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import aclosing
from typing import Any

Stream = Callable[..., AsyncIterator[Any]]
Listing = tuple[str, str | None]
OnListed = Callable[[Listing, Collection[str]], None]


def with_deletions(stream: Stream, end_of_list: object, on_listed: OnListed) -> Stream:
    """Return `stream` (kopf's continuous_watch: one LIST, then its watch) with the missing deletions.

    `on_listed` is called at the end of each LIST with its kind and namespace, and the uids that it held.
    """
    known: dict[Listing, dict[str, tuple[str, str]]] = {}

    async def stream_with_deletions(**kwargs: Any) -> AsyncIterator[Any]:
        listing: Listing = (kwargs["resource"].plural, kwargs["namespace"])
        before = known.setdefault(listing, {})
        listed: dict[str, tuple[str, str]] = {}
        async with aclosing(stream(**kwargs)) as events:  # type: ignore[type-var]
            async for event in events:
                if event is end_of_list:
                    for uid in before.keys() - listed.keys():
                        yield _deletion(uid, *before.pop(uid))
                    on_listed(listing, frozenset(listed))
                    listed.clear()
                else:
                    _note(event, before, listed)
                yield event

    return stream_with_deletions


def _note(event: Any, known: dict[str, tuple[str, str]], listed: dict[str, tuple[str, str]]) -> None:
    meta = event["object"].get("metadata") or {}
    uid = meta.get("uid")
    if not uid or event["type"] == "BOOKMARK":
        return
    if event["type"] == "DELETED":
        known.pop(uid, None)
        return
    known[uid] = (meta.get("namespace", ""), meta.get("name", ""))
    if event["type"] is None:
        listed[uid] = known[uid]


def _deletion(uid: str, namespace: str, name: str) -> dict[str, Any]:
    metadata = {"uid": uid, "namespace": namespace, "name": name}
    return {"type": "DELETED", "object": {"metadata": metadata}}
