"""Where kopf's events come in: remember what was seen, queue the key. Nothing is decided here.

`on.event` alone: kopf's other handlers put finalizers and annotations on users' objects.
"""

from typing import Any

import kopf
from kopf._cogs.clients import watching

from segcompress_api.base import API_GROUP, API_VERSION
from segcompress_api.job import PLURAL
from segcompress_operator.index import Index, Listing
from segcompress_operator.queue import WorkQueue
from segcompress_operator.relist import with_deletions
from segcompress_operator.resources.names import SELECTOR

JOBS = ("batch", "v1", "jobs")
PODS = ("", "v1", "pods")


def listings(namespaces: tuple[str, ...]) -> set[Listing]:
    """Return every kind and namespace that is watched; no namespaces means all of the cluster's."""
    return {(plural, name) for plural in (PLURAL, JOBS[2], PODS[2]) for name in namespaces or (None,)}


def register(registry: kopf.OperatorRegistry, index: Index, queue: WorkQueue) -> None:
    """Connect the three watches with the index and the queue."""

    def enqueue(key: str | None) -> None:
        if key is not None:
            queue.add(key)

    @kopf.on.event(API_GROUP, API_VERSION, PLURAL, registry=registry)
    async def on_resource(event: kopf.RawEvent, **_: Any) -> None:
        if event["type"] == "DELETED":
            index.forget_resource(event["object"])
        else:
            enqueue(index.see_resource(event["object"]))

    @kopf.on.event(*JOBS, registry=registry)
    async def on_job(event: kopf.RawEvent, **_: Any) -> None:
        gone = event["type"] == "DELETED"
        enqueue(index.forget_job(event["object"]) if gone else index.see_job(event["object"]))

    @kopf.on.event(*PODS, registry=registry)
    async def on_pod(event: kopf.RawEvent, **_: Any) -> None:
        gone = event["type"] == "DELETED"
        enqueue(index.forget_pod(event["object"]) if gone else index.see_pod(event["object"]))


def report_vanished(index: Index) -> None:
    """Make kopf tell of objects that vanished between two watches, and the index of each LIST's end."""
    # kopf offers no hook for the end of a LIST; relist.py says what goes wrong without one.
    stream: Any = watching.continuous_watch
    watching.continuous_watch = with_deletions(stream, watching.Bookmark.LISTED, index.listed)


class _NothingRemembered(kopf.DiffBaseStorage):
    """Keeps kopf from copying every object that comes in: `on.event` alone has no use for differences."""

    def build(self, **_: Any) -> kopf.BodyEssence:
        """Return nothing of the object."""
        return kopf.BodyEssence()

    def fetch(self, **_: Any) -> None:
        """Return that nothing was stored."""

    def store(self, **_: Any) -> None:
        """Store nothing."""


def kopf_settings() -> kopf.OperatorSettings:
    """Return kopf's settings: only watches, of our objects alone, and nothing written."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.peering.standalone = True
    settings.scanning.disabled = True
    settings.watching.chunk_size = 500
    settings.watching.inactivity_timeout = 70.0
    settings.watching.label_selectors[JOBS] = SELECTOR
    settings.watching.label_selectors[PODS] = SELECTOR
    settings.persistence.diffbase_storage = _NothingRemembered()
    settings.queueing.idle_timeout = 1.0
    # A LIST or watch comes back within seconds of an outage's end, however long that was.
    settings.networking.error_backoffs = (1, 1, 2, 3, *[5] * 200)
    settings.process.ultimate_exiting_timeout = 20.0
    return settings
