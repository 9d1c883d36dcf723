"""The status write that ends a reconciliation, and the Events that are posted only after it."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from segcompress_operator.cluster import Cluster
from segcompress_operator.kinds import Ref
from segcompress_operator.planning.parsing import Body
from segcompress_operator.planning.plan import Announcement

logger = logging.getLogger(__name__)


class Subject(Protocol):
    """The resource that a status belongs to."""

    @property
    def ref(self) -> Ref:
        """Its key."""

    @property
    def uid(self) -> str:
        """Its identity."""

    @property
    def resource_version(self) -> str:
        """The version that was planned for."""


async def write_status(
    cluster: Cluster,
    subject: Subject,
    patch: Mapping[str, Any],
    written: Callable[[Body], None],
    announcements: Iterable[Announcement],
) -> None:
    """Write the status, hand the answer to `written`, and only then post the Events."""
    meta = {"resourceVersion": subject.resource_version, "uid": subject.uid}
    written(await cluster.patch_status(subject.ref, meta, patch))
    for said in announcements:
        logger.info("%s: %s: %s", subject.ref, said.reason, said.message)
        await cluster.post_event(subject.ref, subject.uid, said)
