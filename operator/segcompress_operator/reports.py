"""The server that runner pods report their progress to: HTTPS, one small JSON object a request.

Whoever reaches it is a stranger. A request counts once the API server vouches that its token was issued to
the very pod that it names, and that pod is the last of its run; it can say nothing of any other. What comes
too often, or is too large, costs the API server nothing.
"""

import asyncio
import logging
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Protocol

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import ValidationError

from segcompress_api.contract import PROGRESS_AUDIENCE
from segcompress_api.progress import REPORT_BYTES, ProgressReport
from segcompress_operator.answers import Caller
from segcompress_operator.connections import accepting
from segcompress_operator.errors import OperatorError
from segcompress_operator.limits import RateLimit
from segcompress_operator.planning.observed import ObservedPod
from segcompress_operator.planning.plan import Reported

logger = logging.getLogger(__name__)
server_log = logging.getLogger(f"{__name__}.server")

POD_SECONDS = 10.0
"""A pod is heard this often at most; it has something to say every 30 s."""

REVIEWS_PER_SECOND = 50
"""Tokens that the API server is asked about, of all pods together."""

REVIEWS_AT_ONCE = 4
"""They share the connections to the API server with what runs need."""

TRY_SECONDS = 1.0
"""The API server is asked about one pod this often at most, whoever speaks for it."""

_TRIES = 4096
"""So many pods' last tries are remembered before those are forgotten that no longer count."""


class Listener(Protocol):
    """Knows the pods, and takes in what they report."""

    def reporter(self, pod_uid: str) -> ObservedPod | None:
        """Return the pod where it may report."""

    def last_report(self, pod_uid: str) -> Reported | None:
        """Return what it reported last."""

    def take_report(self, pod: ObservedPod, report: ProgressReport, now: datetime) -> None:
        """Take in a report."""


class Reviewer(Protocol):
    """Knows whose a token is."""

    async def review_token(self, token: str, audience: str) -> Caller | None:
        """Return the pod that the token was issued to; raises OperatorError where that cannot be told."""


class Reports:
    """Judges requests; `clock` gives the time that a status shows."""

    def __init__(self, listener: Listener, reviewer: Reviewer, clock: Callable[[], datetime]) -> None:
        self._listener = listener
        self._reviewer = reviewer
        self._clock = clock
        self._reviews = RateLimit(REVIEWS_PER_SECOND, REVIEWS_PER_SECOND, time.monotonic)
        self._at_once = asyncio.Semaphore(REVIEWS_AT_ONCE)
        self._tried: dict[str, datetime] = {}
        self._problem = ""

    async def receive(self, request: web.Request) -> web.Response:
        """Take in one report; the cheapest questions are asked first."""
        pod = self._reporter(request)
        token = _token(request)
        report = await _report(request)
        if not (self._may_try(pod.uid) and self._reviews.allows()):
            raise _too_many(TRY_SECONDS)
        caller = await self._caller(token)
        if caller != Caller(pod.namespace, pod.name, pod.uid):
            raise web.HTTPForbidden(text="the token was not issued to this pod for this use\n")
        pod = self._reporter(request)  # what was asked meanwhile may have changed that
        self._listener.take_report(pod, report, self._clock())
        return web.Response(status=204)

    def _reporter(self, request: web.Request) -> ObservedPod:
        uid = request.match_info["uid"]
        pod = self._listener.reporter(uid)
        if pod is None:
            raise web.HTTPNotFound(text="this pod is not the newest one of a running job\n")
        before = self._listener.last_report(uid)
        if before is not None and self._is_within(before.received, POD_SECONDS):
            raise _too_many(POD_SECONDS)
        return pod

    def _may_try(self, uid: str) -> bool:
        """Return whether the API server may be asked about this pod again: none is to silence the others."""
        if len(self._tried) >= _TRIES:
            self._tried = {each: at for each, at in self._tried.items() if self._is_within(at, TRY_SECONDS)}
        if uid in self._tried and self._is_within(self._tried[uid], TRY_SECONDS):
            return False
        self._tried[uid] = self._clock()
        return True

    def _is_within(self, moment: datetime, seconds: float) -> bool:
        return abs((self._clock() - moment).total_seconds()) < seconds

    async def _caller(self, token: str) -> Caller | None:
        try:
            async with self._at_once:
                caller = await self._reviewer.review_token(token, PROGRESS_AUDIENCE)
        except OperatorError as error:
            self._say(str(error))
            raise web.HTTPServiceUnavailable(text="the API server cannot verify the token\n") from None
        self._say("")
        return caller

    def _say(self, problem: str) -> None:
        if problem and problem != self._problem:
            logger.warning("progress is not accepted: %s", problem)
        self._problem = problem


def _token(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not token:
        raise web.HTTPUnauthorized(
            text="a bearer token is required\n", headers={"WWW-Authenticate": "Bearer"}
        )
    return token


async def _report(request: web.Request) -> ProgressReport:
    try:
        return ProgressReport.model_validate_json(await request.read())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the report"
        raise web.HTTPBadRequest(text=f"{where}: {first['msg']}\n") from None


def _too_many(seconds: float) -> web.HTTPTooManyRequests:
    return web.HTTPTooManyRequests(text="too many reports\n", headers={"Retry-After": f"{seconds:.0f}"})


def _is_ours(record: logging.LogRecord) -> bool:
    """Return whether a line is about the server: what strangers send that is not HTTP is not."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)


@asynccontextmanager
async def report_server(reports: Reports, port: int, tls: ssl.SSLContext) -> AsyncIterator[None]:
    """Take reports on `port` while the context lasts."""
    app = web.Application(client_max_size=REPORT_BYTES)
    app.add_routes([web.post("/v1/pods/{uid}/progress", reports.receive)])
    server_log.addFilter(_is_ours)
    runner = web.AppRunner(
        app, access_log=None, handle_signals=False, shutdown_timeout=1.0, logger=server_log
    )
    await runner.setup()
    if runner.server is None:
        raise AssertionError("a runner that was set up has a server")
    try:
        async with accepting(runner.server, port, tls):
            yield
    finally:
        await runner.cleanup()
