"""Forwards the events of a watch, and injects faults of events."""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from aiohttp import ClientResponse, web

from faults.fault import SECONDS, Kind
from faults.history import History, Told, Version

_COMPACTED = {
    "type": "ERROR",
    "object": {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "reason": "Expired",
        "code": 410,
        "message": "too old resource version",
    },
}
_GONE = json.dumps(_COMPACTED).encode() + b"\n"


class _EndError(Exception):
    """The watch ends here."""


class Relay:
    """The watches of one run; `strike` counts an event and says which fault strikes it."""

    def __init__(self, history: History, strike: Callable[[str], Kind | None]) -> None:
        self._history = history
        self._strike = strike
        self._passed = asyncio.Event()
        self._last = ""
        self._compacted: set[str] = set()
        self._stale: set[str] = set()

    def listed(self, plural: str) -> bool:
        """Note that a LIST was asked for: a watch may begin at its version. Return whether it is stale."""
        self._compacted.discard(plural)
        stale = plural in self._stale
        self._stale.discard(plural)
        return stale

    async def relay(self, request: web.Request, answer: ClientResponse, plural: str) -> web.StreamResponse:
        """Answer a watch with what the API server answers, until either side ends it or a fault does."""
        response = web.StreamResponse(status=answer.status, headers={"Content-Type": "application/json"})
        await response.prepare(request)
        stream = _Stream(response)
        try:
            async with asyncio.timeout(None) as stream.limit:
                if plural in self._compacted:
                    await self._end_history(stream, plural)
                async for line in answer.content:
                    await self._pass(stream, plural, line)
        except TimeoutError:  # the end of a gap
            with suppress(_EndError):
                await self._end_history(stream, plural)
        except _EndError:
            pass
        await response.write_eof()
        return response

    async def _pass(self, stream: "_Stream", plural: str, line: bytes) -> None:
        event = json.loads(line)
        if event["type"] not in ("ADDED", "MODIFIED", "DELETED"):
            await stream.response.write(line)
            return
        version = Version(plural, event["type"], event["object"])
        kind = self._strike(plural)
        if kind is not None:
            await self._commit(kind, stream, plural, line)
            if kind is Kind.DROP:
                return
        await stream.response.write(line)
        self._history.told.append(Told(time.monotonic(), version))
        self._last = plural
        self._passed.set()

    async def _commit(self, kind: Kind, stream: "_Stream", plural: str, line: bytes) -> None:
        """Do what goes wrong before the event is passed on; raises _EndError where it is not."""
        match kind:
            case Kind.DROP:
                stream.limit.reschedule(asyncio.get_running_loop().time() + SECONDS[kind])
            case Kind.DELAY_1 | Kind.DELAY_10 | Kind.DELAY_80:
                await asyncio.sleep(SECONDS[kind])
            case Kind.DUPLICATE:
                await stream.response.write(line)
            case Kind.REORDER:
                await self._other_than(plural)
            case Kind.STALE:
                self._stale.add(plural)
                await self._end_history(stream, plural)
            case Kind.GONE:
                await self._end_history(stream, plural)
            case Kind.STALL:
                await asyncio.Event().wait()  # until the operator gives the watch up
            case Kind.TRUNCATE:
                await stream.response.write(line[: len(line) // 2])
                raise _EndError

    async def _end_history(self, stream: "_Stream", plural: str) -> NoReturn:
        """Say that what came before is compacted, here and to every watch until a LIST."""
        self._compacted.add(plural)
        await stream.response.write(_GONE)
        raise _EndError

    async def _other_than(self, plural: str) -> None:
        """Wait until another watch has passed an event on."""
        try:
            async with asyncio.timeout(SECONDS[Kind.REORDER]):
                while True:
                    self._passed.clear()
                    await self._passed.wait()
                    if self._last != plural:
                        return
        except TimeoutError:
            return


class _Stream:
    """One watch that the operator has open."""

    def __init__(self, response: web.StreamResponse) -> None:
        self.response = response
        self.limit = asyncio.timeout(None)
