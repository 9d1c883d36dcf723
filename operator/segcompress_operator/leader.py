"""Leadership: of several operators, the holder of one Lease reconciles, and the others stand by.

Times are of this process's own monotonic clock; those in the Lease are written for people, since the clocks
of two nodes differ. The holder counts from before it asked, the others from when they saw the answer: the one
stops before another may begin.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

from segcompress_operator.cluster import Cluster
from segcompress_operator.errors import GoneError, LeadershipLostError, RefusedError, RetryableError
from segcompress_operator.kinds import Ref

logger = logging.getLogger(__name__)

_NEVER = float("-inf")
_RENEWAL, _POLL, _HOLD = 0.2, 0.05, 0.7
"""Shares of the Lease's duration: between two renewals; between two looks of a standby, or two tries where
the first failed; and until a holder stops whose renewals fail."""


class Alone:
    """Leads always: the leadership of an operator that takes no notice of others."""

    def holds(self) -> bool:
        """Return True."""
        return True

    def problems(self) -> Sequence[str]:
        """Return nothing."""
        return ()

    async def acquire(self) -> None:
        """Return at once."""

    async def hold(self) -> None:
        """Wait until cancelled."""
        await asyncio.Event().wait()

    async def release(self) -> None:
        """Do nothing."""


class LeaseLeadership:
    """Leadership by the Lease `ref`, which others may take `seconds` after it was last renewed."""

    def __init__(
        self,
        cluster: Cluster,
        ref: Ref,
        identity: str,
        seconds: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cluster = cluster
        self._ref = ref
        self._identity = identity
        self._seconds = seconds
        self._clock = clock
        self._held_until = _NEVER
        self._version, self._seen_at = "", _NEVER
        self._spec: dict[str, Any] = {}
        self._is_current = False
        self._problem = "not read yet"

    def holds(self) -> bool:
        """Return whether this process may write now: its last renewal is young enough."""
        return self._clock() < self._held_until

    def problems(self) -> Sequence[str]:
        """Return why the Lease cannot be read or written."""
        return (f"{self._ref}: {self._problem}",) if self._problem else ()

    async def acquire(self) -> None:
        """Return once the Lease is ours; raises nothing, whatever the API server says."""
        while not self.holds():
            told = self._holder
            await self._attempt()
            if self._holder not in (told, self._identity):
                logger.info("standing by; the leader is %s", self._holder or "about to change")
            if not self.holds():
                # Half to whole: standbys do not all come at once.
                await asyncio.sleep(self._seconds * _POLL * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
        logger.info("leading as %s", self._identity)

    async def hold(self) -> NoReturn:
        """Renew until cancelled; raises LeadershipLostError once others may lead."""
        while self.holds() and self._holder == self._identity:
            await asyncio.sleep(self._seconds * (_POLL if self._problem else _RENEWAL))
            await self._attempt()
        why = self._problem or f"it is held by {self._holder or 'nobody'}"
        self._held_until = _NEVER
        raise LeadershipLostError(f"{self._ref} is lost: {why}")

    async def release(self) -> None:
        """Give the Lease back; where that fails, the others wait until it expires."""
        if not self.holds():
            return
        self._held_until = _NEVER
        spec = {"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": _now()}
        try:
            async with asyncio.timeout(self._seconds * _RENEWAL):
                await self._cluster.patch(self._ref, self._patch(spec))
        except (RetryableError, RefusedError, GoneError, TimeoutError) as error:
            logger.warning("%s: was not released: %r", self._ref, error)

    async def _attempt(self) -> None:
        """Read the Lease where it may have changed, and write it where it is ours, free or expired."""
        try:
            async with asyncio.timeout(self._seconds * _RENEWAL):
                await self._try()
        except (RetryableError, RefusedError, GoneError, TimeoutError) as error:
            self._is_current = False
            problem = str(error) or "the API server does not answer"
            if problem != self._problem:
                logger.warning("%s: %s", self._ref, problem)
            self._problem = problem
        else:
            self._problem = ""

    async def _try(self) -> None:
        if not self._is_current:
            self._observe(await self._read())
        if self._holder not in ("", self._identity) and not self._has_expired():
            self._is_current = False
            return
        asked = self._clock()
        self._observe(await self._cluster.patch(self._ref, self._patch(self._taken())))
        self._held_until = asked + self._seconds * _HOLD

    async def _read(self) -> dict[str, Any]:
        try:
            return await self._cluster.get(self._ref)
        except GoneError:
            kind, namespace, name = self._ref
            meta = {"namespace": namespace, "name": name}
            return await self._cluster.create(
                {"apiVersion": kind.api_version, "kind": kind.name, "metadata": meta}
            )

    def _observe(self, body: dict[str, Any]) -> None:
        version = body["metadata"]["resourceVersion"]
        if version != self._version:
            self._version, self._seen_at = version, self._clock()
        self._spec = body.get("spec") or {}
        self._is_current = True

    @property
    def _holder(self) -> str:
        return str(self._spec.get("holderIdentity") or "")

    def _has_expired(self) -> bool:
        """Return whether nobody renewed it for as long as its holder said, since we saw it."""
        lasts = float(self._spec.get("leaseDurationSeconds") or self._seconds)
        return self._clock() >= self._seen_at + lasts

    def _taken(self) -> dict[str, Any]:
        """Return the Lease's spec while we hold it."""
        now = _now()
        spec = {"holderIdentity": self._identity, "leaseDurationSeconds": self._seconds, "renewTime": now}
        if self._holder == self._identity:
            return spec
        transitions = int(self._spec.get("leaseTransitions") or 0) + 1
        return spec | {"acquireTime": now, "leaseTransitions": transitions}

    def _patch(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Return a patch that is refused where anybody wrote since we read."""
        return {"metadata": {"resourceVersion": self._version}, "spec": spec}


Leadership = LeaseLeadership | Alone


async def lead(leadership: Leadership, work: Callable[[], Awaitable[None]]) -> None:
    """Work once this process leads, and for as long as it does; return where the leadership is lost.

    The Lease is given back only when all work has ended.
    """
    await leadership.acquire()
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(leadership.hold())
            group.create_task(_ended(work))
    except* LeadershipLostError as lost:
        logger.error("this process ends: %s", lost.exceptions[0])  # noqa: TRY400 - no bug
    finally:
        await leadership.release()


async def _ended(work: Callable[[], Awaitable[None]]) -> None:
    await work()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
