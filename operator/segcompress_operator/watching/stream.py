"""Feeds one kind in one scope into a store: one LIST in pages, then its watch, and again, for ever.

kopf carries the requests: login and its renewal, the session, and the watch's time-outs and disconnects. Its
handlers are not used: they start a task for every object, tell of no deletion that happened between two
watches, and end the operator where a single kind or namespace cannot be watched.
"""

import asyncio
import gc
import logging
import random
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

import aiohttp
import kopf
from kopf._cogs.clients import api, errors
from kopf._cogs.structs.references import Resource
from msgspec import Raw

from segcompress_operator.kinds import Kind
from segcompress_operator.watching.decoding import Page, Reader, whole
from segcompress_operator.watching.store import Scope, older

logger = logging.getLogger(__name__)
requests = logging.getLogger("kopf.requests")
"""For kopf's own words on each try; ours are said once for each problem."""

PAGE_BYTES = 2**19
"""Parsed, a page takes ten times as much, which the process never gives back whole."""

FIRST_PAGE = 50
LARGEST_PAGE = 500

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 5.0

STALE_LISTS = 3
"""So many LISTs in a row that are older than what was delivered are not believed, for an API server may lag
behind; one more, and its etcd was restored from a backup."""

SHORT_WATCH_SECONDS = 1.0
"""kopf swallows a refused connection: a watch that was silent and shorter has failed, and a LIST follows."""


class Sink(Protocol):
    """Where a stream's objects go; called in stream order, and never awaited."""

    @property
    def body(self) -> type:
        """What is read of an object: a TypedDict."""

    def seen(self, body: Mapping[str, Any]) -> None:
        """Take in an object as it is now."""

    def gone(self, body: Mapping[str, Any]) -> None:
        """Take in the last state of an object that is gone."""

    def moved(self, scope: Scope, version: str) -> None:
        """Note that everything up to `version` was delivered."""

    def listing(self, scope: Scope, version: str) -> None:
        """Note that a LIST at `version` begins."""

    def listed(self, scope: Scope, version: str, uids: set[str]) -> None:
        """Note the end of a LIST that held `uids`."""

    def refused(self, scope: Scope) -> None:
        """Forget a scope that cannot be watched."""


class StreamError(Exception):
    """The watch said ERROR, or the LIST is one of the past: what comes after it cannot be trusted."""


_REFUSALS = (errors.APINotFoundError, errors.APIForbiddenError)
_DISCONNECTIONS = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError)
_FAILURES = (errors.APIError, aiohttp.ClientError, StreamError, OSError, TimeoutError, ValueError)


@dataclass(frozen=True, slots=True)
class Watched:
    """What a stream watches: a kind, in a namespace or (None) in all."""

    kind: Kind
    scope: Scope

    def __str__(self) -> str:
        where = f"namespace {self.scope}" if self.scope else "all namespaces"
        return f"{self.kind.plural} in {where}"


class Stream:
    """`problem` says why the kind cannot be watched now, "" where it is.

    `is_installed` is False once the API server has said that it does not know the kind.
    """

    def __init__(
        self,
        watched: Watched,
        sink: Sink,
        settings: kopf.OperatorSettings,
        turn: asyncio.Semaphore,
    ) -> None:
        self.problem = "not listed yet"
        self.is_installed = True
        self._watched = watched
        self._sink = sink
        self._settings = settings
        self._turn = turn
        self._reader = Reader(sink.body)
        self._version = ""
        self._latest = ""
        self._stale_lists = 0
        kind = watched.kind
        self._resource = Resource(kind.group, kind.version, kind.plural, namespaced=True)

    def __str__(self) -> str:
        return str(self._watched)

    @property
    def watched(self) -> Watched:
        """What it watches."""
        return self._watched

    async def run(self) -> NoReturn:
        """Feed the sink until cancelled, whatever the API server says; raises kopf.LoginError alone."""
        failures = 0
        while True:
            try:
                if not self._version:
                    async with self._turn:
                        await self._list()
                self.is_installed = True
                self._say("")
                if await self._watch():
                    failures = 0
                    continue
                self._version = ""
            except _FAILURES as error:
                self._failed(error)
            failures += 1
            await asyncio.sleep(_delay(failures))

    async def _list(self) -> None:
        uids: set[str] = set()
        limit, page = FIRST_PAGE, await self._page({"limit": str(FIRST_PAGE)})
        self._expect_present(page.version)
        self._sink.listing(self._watched.scope, page.version)
        while True:
            for item in page.items:
                body = self._tell(self._sink.seen, item)
                uids.add(body.get("metadata", {}).get("uid", ""))
            version, rest = page.version, page.rest
            if not rest:
                break
            limit = next_limit(limit, page.size)
            del page
            page = await self._page({"limit": str(limit), "continue": rest})
        self._sink.listed(self._watched.scope, version, uids)
        if not self._latest:
            _set_aside()
        self._version = self._latest = version

    def _expect_present(self, version: str) -> None:
        """Raise StreamError for a LIST of the past that may be followed by one of the present."""
        self._stale_lists = self._stale_lists + 1 if older(version, self._latest) else 0
        if 0 < self._stale_lists <= STALE_LISTS:
            raise StreamError(f"a LIST at version {version} after {self._latest}")

    async def _page(self, parameters: dict[str, str]) -> Page:
        async with await self._get(parameters) as response:
            return self._reader.page(await response.read())

    async def _watch(self) -> bool:
        """Pass on what one watch delivers; return whether it worked: it delivered something, or lasted."""
        began, silent = time.monotonic(), True
        parameters = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": self._version}
        try:
            async with aclosing(self._events(parameters)) as events:
                async for event in events:
                    silent = False
                    self._pass_on(*event)
        except _DISCONNECTIONS as error:
            requests.debug("%s: the watch ended: %r", self, error)
        return not silent or time.monotonic() - began >= SHORT_WATCH_SECONDS

    async def _events(self, parameters: dict[str, str]) -> AsyncGenerator[tuple[str, Raw], None]:
        """Yield what a watch delivers; raises TimeoutError where it is silent for too long.

        A connection may be lost without either side being told: bookmarks come each minute.
        """
        patience = self._settings.watching.inactivity_timeout
        async with asyncio.timeout(patience) as silence:
            async with await self._get(parameters, _endless(self._settings)) as response:
                async for line in api.iter_jsonlines(response.content):
                    yield self._reader.event(line)
                    silence.reschedule(asyncio.get_running_loop().time() + patience)

    async def _get(
        self, parameters: dict[str, str], limits: aiohttp.ClientTimeout | None = None
    ) -> aiohttp.ClientResponse:
        selectors = self._settings.watching.label_selectors.collect(self._resource)
        if selectors:
            parameters["labelSelector"] = ",".join(selectors)
        return await api.request(
            "get",
            self._resource.get_url(namespace=self._watched.scope, params=parameters),  # type: ignore[arg-type]
            settings=self._settings,
            # Packing pages costs both sides more than the bytes do.
            headers={"Accept-Encoding": "identity"},
            timeout=limits,
            logger=requests,
        )

    def _pass_on(self, type_: str, raw: Raw) -> None:
        if type_ == "ERROR":
            said = whole(raw)
            raise StreamError(f"{said.get('code')}: {said.get('message')}")
        match type_:
            case "ADDED" | "MODIFIED":
                body = self._tell(self._sink.seen, raw)
            case "DELETED":
                body = self._tell(self._sink.gone, raw)
            case _:
                body = self._reader.read(raw)
        self._version = self._latest = body["metadata"]["resourceVersion"]
        self._sink.moved(self._watched.scope, self._version)

    def _tell(self, sink: Callable[[Any], None], raw: Raw) -> Mapping[str, Any]:
        """Hand over an object, and return it; one that we cannot read stops no other."""
        body = self._reader.read(raw)
        try:
            sink(body)
        except Exception:
            meta = body.get("metadata", {})
            logger.exception("%s: a bug hides %s/%s", self, meta.get("namespace"), meta.get("name"))
        return body

    def _failed(self, error: Exception) -> None:
        busy = isinstance(error, errors.APITooManyRequestsError)
        if isinstance(error, (StreamError, errors.APIClientError)) and not busy:
            self._version = ""
        if isinstance(error, _REFUSALS):
            self._sink.refused(self._watched.scope)
        if isinstance(error, StreamError):
            # History was compacted, or the LIST was late: common, and mended by the LIST that follows.
            logger.debug("%s: the watch ended: %s", self, error)
        else:
            self.is_installed = not isinstance(error, errors.APINotFoundError)
            self._say(_words(self._watched.kind, error))

    def _say(self, problem: str) -> None:
        if problem and problem != self.problem:
            logger.warning("%s: cannot be watched: %s; trying again", self, problem)
        elif self.problem and not problem:
            logger.info("%s: watching", self)
        self.problem = problem


def _set_aside() -> None:
    """Spare later garbage collections what was listed: the loop stands still while one reads all records.

    Records hold no cycles, so that those that are replaced go as before.
    """
    gc.collect()
    gc.freeze()


def _endless(settings: kopf.OperatorSettings) -> aiohttp.ClientTimeout:
    """Return the limits of a watch: of connecting alone."""
    return aiohttp.ClientTimeout(total=None, sock_connect=settings.networking.request_timeout)


def next_limit(limit: int, size: int) -> int:
    """Return how many objects to ask for after a page of `limit` took `size` bytes.

    Pages are held near PAGE_BYTES, so that a namespace full of large objects takes more pages and not more
    memory; they grow at most fourfold, for one page says little of the next.
    """
    fitting = limit * PAGE_BYTES // max(size, 1)
    return max(1, min(fitting, limit * 4, LARGEST_PAGE))


def _delay(failures: int) -> float:
    """Return the seconds to wait; from half to the whole, for streams that failed together."""
    longest = min(FIRST_DELAY_SECONDS * 2.0**failures, LONGEST_DELAY_SECONDS)
    return random.uniform(longest / 2, longest)  # noqa: S311 - no secret


def _words(kind: Kind, error: Exception) -> str:
    if isinstance(error, errors.APINotFoundError):
        return f"the kind is not installed: install its CustomResourceDefinition {kind.plural}.{kind.group}"
    if isinstance(error, errors.APIError):
        return f"{error.status}: {error.message or 'no reason given'}"
    return f"the API server does not answer: {error!r}"
