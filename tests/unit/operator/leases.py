"""One Lease and a clock, and the operators that want to lead."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from segcompress_operator.cluster import Cluster
from segcompress_operator.errors import GoneError, OperatorError, RetryableError
from segcompress_operator.kinds import LEASES, Ref
from segcompress_operator.leader import LeaseLeadership

REF = Ref(LEASES, "segcompress-system", "segcompress-operator")
SECONDS = 10
Scene = Callable[["World"], Awaitable[None]]


class Leases(Cluster):
    """One Lease, as the API server keeps it; `fault` is what every request meets instead."""

    def __init__(self) -> None:
        self.stored: dict[str, Any] | None = None
        self.version = 0
        self.fault: OperatorError | None = None
        self.unanswered: OperatorError | None = None

    async def get(self, ref: Ref) -> dict[str, Any]:
        assert ref == REF
        self._meet_fault()
        if self.stored is None:
            raise GoneError("not found")
        return self.stored

    async def create(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        self._meet_fault()
        if self.stored is None:
            self._store({"metadata": manifest["metadata"], "spec": {}})
        assert self.stored is not None
        return self.stored

    async def patch(self, ref: Ref, patch: Mapping[str, Any]) -> dict[str, Any]:
        assert ref == REF
        self._meet_fault()
        if self.stored is None:
            raise GoneError("not found")
        if patch["metadata"]["resourceVersion"] != str(self.version):
            raise RetryableError("PATCH: the object has been modified")
        self._store({"metadata": {}, "spec": self.stored["spec"] | patch["spec"]})
        if self.unanswered is not None:
            raise self.unanswered
        return self.stored

    def _meet_fault(self) -> None:
        if self.fault is not None:
            raise self.fault

    def _store(self, body: dict[str, Any]) -> None:
        self.version += 1
        version = {"resourceVersion": str(self.version)}
        self.stored = {**body, "metadata": {**body["metadata"], **version}}

    @property
    def holder(self) -> str:
        return str((self.stored or {}).get("spec", {}).get("holderIdentity", ""))


class World:
    """A Lease, a clock, and operators; each is made with the clock's time as its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.leases = Leases()
        self.time = 1000.0
        self._sleep = asyncio.sleep
        monkeypatch.setattr(asyncio, "sleep", self.sleep)

    async def sleep(self, seconds: float) -> None:
        """Let the clock run on in no time."""
        self.time += seconds
        await self._sleep(0)

    def operator(self, name: str) -> LeaseLeadership:
        return LeaseLeadership(self.leases, REF, name, SECONDS, lambda: self.time)
