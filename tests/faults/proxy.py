"""A proxy between one operator and the API server that injects one fault.

The operator talks plain HTTP to it; the proxy talks to the API server as the operator's service account.
"""

import asyncio
import json
import logging
import time
import traceback
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import NoReturn, Protocol

from aiohttp import ClientResponse, web

from faults.fault import SECONDS, START, Fault, Kind, Point
from faults.history import LEASES, Body, History, Request
from faults.watch import Relay
from integration.operator.async_api import Api

LOOPBACK = "127.0.0.1"
_VERBS = {"POST": "create", "PATCH": "patch", "PUT": "update", "DELETE": "delete"}
_ERRORS = {
    Kind.THROTTLED: (429, "TooManyRequests"),
    Kind.SERVER_ERROR: (500, "InternalError"),
}


class Operating(Protocol):
    """Has operators, and what may become of them."""

    def crash(self) -> None:
        """Kill the operator, and let it start anew."""

    async def hang(self) -> None:
        """Stop the operator for longer than its Lease lasts; return when it goes on."""

    async def join(self) -> None:
        """Start another operator that also leads for a while; return once it has reconciled."""


class Proxy:
    """One run's way to the API server; what passes it goes into `history`.

    `struck` says when the fault was committed.
    """

    def __init__(self, api: Api, history: History, fault: Fault | None, operating: Operating) -> None:
        at_start = fault is not None and fault.point == START
        self.struck: float | None = time.monotonic() if at_start else None
        self._api = api
        self._history = history
        self._fault = fault
        self._operating = operating
        self._counted: Counter[str] = Counter()
        self._listed: dict[str, web.Response] = {}
        self._relay = Relay(history, self._strike)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve while the context lasts, and give the address."""
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", self._handle)
        # A handler that is cancelled because its client went away is no news.
        silent = logging.getLogger("faults.proxy.silent")
        silent.disabled = True
        runner = web.AppRunner(
            app, access_log=None, logger=silent, handler_cancellation=True, shutdown_timeout=0.1
        )
        await runner.setup()
        site = web.TCPSite(runner, LOOPBACK, 0)
        try:
            await site.start()
            yield f"http://{LOOPBACK}:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    def _strike(self, what: str) -> Kind | None:
        """Count one more of these points; return the fault to be committed here."""
        self._counted[what] += 1
        if self._fault is None or not self._fault.strikes(Point(what, self._counted[what])):
            return None
        self.struck = self.struck or time.monotonic()
        return self._fault.kind

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self._answer(request)
        except ConnectionError:  # the operator has gone
            return web.Response()
        except Exception:
            self._history.proxy_errors.append(traceback.format_exc())
            raise

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        verb, target = parsed(request)
        seen = Request(time.monotonic(), verb, target)
        if verb == "watch":
            self._history.requests.append(seen)
            async with self._forwarded(request, b"") as answer:
                return await self._relay.relay(request, answer, target)
        body = await request.read()
        if target == LEASES:
            return await self._pass(request, body)
        if verb == "list":
            self._history.requests.append(seen)
            return await self._list(request, target)
        if not seen.is_write:
            self._history.requests.append(seen)
            return await self._pass(request, body)
        return await self._write(request, body, replace(seen, sent=json.loads(body) if body else None))

    async def _list(self, request: web.Request, target: str) -> web.Response:
        """Answer a LIST: with what the one before it said, where it is to be stale."""
        of_a_stream = "limit" in request.query
        stale = of_a_stream and self._relay.listed(target)
        if stale and target in self._listed:
            before = self._listed[target]
            return web.Response(body=before.body, content_type="application/json")
        answer = await self._pass(request, b"")
        if of_a_stream:
            self._listed[target] = answer
        return answer

    async def _write(self, request: web.Request, body: bytes, seen: Request) -> web.Response:
        kind = self._strike(f"{seen.verb} {seen.target}")
        try:
            if kind is not None:
                await self._before(kind, seen)
            answer = await self._pass(request, body)
            seen = replace(seen, code=answer.status, answered=_answered(answer))
            if kind in (Kind.TIMEOUT_AFTER, Kind.KILL_AFTER):
                seen = replace(seen, lost=True)
                await self._after(kind)
        except _RefusedError as refusal:
            return refusal.response
        finally:
            self._history.requests.append(seen)
        return answer

    async def _before(self, kind: Kind, seen: Request) -> None:
        """Commit what keeps a write from its effect."""
        match kind:
            case Kind.CONFLICT:
                raise _RefusedError(409, "AlreadyExists" if seen.verb == "create" else "Conflict")
            case Kind.THROTTLED | Kind.SERVER_ERROR:
                raise _RefusedError(*_ERRORS[kind])
            case Kind.TIMEOUT_BEFORE:
                await _silence(SECONDS[kind])
            case Kind.HANG:
                self._history.rivals = True
                await self._operating.hang()
            case Kind.RIVAL:
                self._history.rivals = True
                await self._operating.join()
            case Kind.KILL_BEFORE:
                self._operating.crash()
                await _silence(SECONDS[Kind.TIMEOUT_BEFORE])

    async def _after(self, kind: Kind) -> NoReturn:
        """Commit what keeps the answer from the operator."""
        if kind is Kind.KILL_AFTER:
            self._operating.crash()
        await _silence(SECONDS[Kind.TIMEOUT_AFTER])

    async def _pass(self, request: web.Request, body: bytes) -> web.Response:
        async with self._forwarded(request, body) as answer:
            headers = {name: answer.headers[name] for name in ("Retry-After",) if name in answer.headers}
            return web.Response(
                status=answer.status,
                body=await answer.read(),
                content_type="application/json",
                headers=headers,
            )

    @asynccontextmanager
    async def _forwarded(self, request: web.Request, body: bytes) -> AsyncIterator[ClientResponse]:
        headers = {"Accept-Encoding": "identity", "Accept": "application/json"}
        if "Content-Type" in request.headers:
            headers["Content-Type"] = request.headers["Content-Type"]
        async with self._api.send(request.method, request.raw_path, body or None, **headers) as answer:
            yield answer


class _RefusedError(Exception):
    """The proxy's own answer in the API server's place."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason}
        headers = {"Retry-After": "1"} if code == 429 else {}
        self.response = web.json_response(
            {**status, "message": "made by the proxy"}, status=code, headers=headers
        )


def parsed(request: web.Request) -> tuple[str, str]:
    """Return verb and target of a request, as the audit log names them."""
    parts = request.path.strip("/").split("/")
    rest = parts[parts.index("namespaces") + 2 :] if "namespaces" in parts else parts[-1:]
    target = "/".join([rest[0], *rest[2:3]]) if rest else "namespaces"
    if request.method != "GET":
        return _VERBS[request.method], target
    if request.query.get("watch") == "true":
        return "watch", target
    return ("list" if len(rest) == 1 else "get"), target


def _answered(answer: web.Response) -> Body | None:
    if answer.status >= 400 or not isinstance(answer.body, bytes):
        return None
    body: Body = json.loads(answer.body)
    return body


async def _silence(seconds: float) -> NoReturn:
    """Say nothing until the operator gives up, which cancels the handler."""
    await asyncio.sleep(seconds * 2)
    raise RuntimeError(f"the operator waited for more than {seconds} s")
