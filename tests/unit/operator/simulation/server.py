"""The API server, as far as the operator's requests go: objects in memory, faults, and what refuses."""

import asyncio
import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Literal

from segcompress_operator.answers import error_of
from segcompress_operator.cluster import Cluster
from segcompress_operator.errors import RetryableError
from segcompress_operator.kinds import COMPRESSION_JOBS, JOBS, PODS, SWEEPS, Kind
from unit.operator.modelled import Truth
from unit.operator.samples import NOW

Body = dict[str, Any]
OnEvent = Callable[[Kind, str, Body], None]

KINDS = (SWEEPS, COMPRESSION_JOBS, JOBS, PODS)
_BY_PLURAL = {kind.plural: kind for kind in KINDS}
_ROUND_TRIP = (0.002, 0.02)
_TIMEOUT_SECONDS = 30.0
_LATE_SECONDS = (31.0, 90.0)
_COMMA = re.compile(r",(?![^(]*\))")
_TERM = re.compile(r"(?P<key>[^ =]+)(?:=(?P<one>.*)| in \((?P<some>.*)\))?")

Fault = Literal["conflict", "error", "timeout before", "timeout after", "late"]
"""Late: it takes effect after so long that the operator has given up."""


@dataclass(frozen=True)
class Window:
    """A time in which something goes wrong, in seconds."""

    begin: float
    end: float

    def holds(self, now: float) -> bool:
        """Return whether it goes wrong now."""
        return self.begin <= now < self.end


@dataclass(frozen=True)
class Faults(Window):
    """A share of the writes fails, in one of these ways."""

    kinds: Sequence[Fault] = ("conflict", "error", "timeout before", "timeout after")
    share: float = 0.4


@dataclass(frozen=True)
class Policy(Window):
    """Refuses to create trials, or to set their `suspend`; with `below`, those of lower indices alone.

    `answer` is the status code: 403 of a policy that refuses, 500 where a webhook does not answer.
    """

    refuses: Literal["create", "resume", "suspend"] = "create"
    below: int = 1_000_000
    answer: int = HTTPStatus.FORBIDDEN

    def judges(self, method: str, kind: Kind, old: Body | None, new: Body) -> bool:
        """Return whether the request is of the kind that is refused."""
        if kind != COMPRESSION_JOBS or int(new["metadata"]["labels"]["segcompress.dev/trial"]) >= self.below:
            return False
        if old is None:
            return method == "POST" and self.refuses == "create"
        before, after = (bool(each["spec"].get("suspend")) for each in (old, new))
        return before != after and self.refuses == ("suspend" if after else "resume")


class RefusalError(Exception):
    """An answer with an error status."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.text = json.dumps({"kind": "Status", "reason": reason, "message": message})


@dataclass
class Server(Truth):
    """Answers requests after a while; each write is told to every watcher at once.

    Objects are never changed, but replaced: whoever holds one holds a version of it.
    """

    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    chance: random.Random = field(default_factory=random.Random)
    faults: Sequence[Faults] = ()
    policies: Sequence[Policy] = ()
    watchers: list[OnEvent] = field(default_factory=list)
    requests: int = 0

    def __post_init__(self) -> None:
        self.objects, self.history = {kind: {} for kind in KINDS}, {kind: [] for kind in KINDS}

    def at(self) -> str:
        return (NOW + timedelta(seconds=self.loop.time())).strftime("%Y-%m-%dT%H:%M:%SZ")

    def edit(self, patch: Body) -> None:
        """Let a user edit the spec of the sweep; one that has ended stays as it is."""
        (body,) = self.objects[SWEEPS].values()
        self._patched(SWEEPS, body, {"spec": patch}, "")

    def send(self, method: str, url: str, body: Body) -> asyncio.Future[Body]:
        """Take a request; its effect does not depend on whether anybody still waits for the answer."""
        self.requests += 1
        answer: asyncio.Future[Body] = self.loop.create_future()
        fault = None if method == "GET" else self._fault()
        there, back = (self.chance.uniform(*_ROUND_TRIP) for _ in range(2))
        there += self.chance.uniform(*_LATE_SECONDS) if fault == "late" else 0.0

        def arrive() -> None:
            result = self._result(fault, method, url, body)
            self.loop.call_later(back, _hand_over, answer, result)

        self.loop.call_later(there, arrive)
        if fault in ("timeout before", "timeout after", "late"):
            lost = RetryableError(f"{method}: the API server does not answer")
            self.loop.call_later(_TIMEOUT_SECONDS, _hand_over, answer, lost)
        return answer

    def _fault(self) -> Fault | None:
        for faults in self.faults:
            if faults.holds(self.loop.time()) and self.chance.random() < faults.share:
                return self.chance.choice(faults.kinds)
        return None

    def _result(self, fault: Fault | None, method: str, url: str, body: Body) -> Body | Exception | None:
        """Return what is answered, None for nothing."""
        found: Body | Exception | None
        try:
            found = None if fault == "timeout before" else self._answer(fault, method, url, body)
        except RefusalError as error:
            found = error_of(method, error.code, error.text, {})
        return None if fault in ("timeout after", "late") else found

    def _answer(self, fault: Fault | None, method: str, url: str, body: Body) -> Body:
        """Carry out a request; raises RefusalError."""
        if fault == "conflict":
            raise RefusalError(HTTPStatus.CONFLICT, "Conflict", "the object has been modified")
        if fault == "error":
            raise RefusalError(HTTPStatus.INTERNAL_SERVER_ERROR, "InternalError", "etcd: leader changed")
        _, _, path = url.partition("/namespaces/")
        _, plural, name, subresource = [*path.split("/"), "", ""][:4]
        if plural == "events":
            return {}
        kind = _BY_PLURAL[plural]
        if method == "POST":
            return self._created(kind, body)
        if not name:
            return {"items": self._selected(kind, body["labelSelector"])}
        found = self.named(kind, name)
        if found is None:
            raise RefusalError(HTTPStatus.NOT_FOUND, "NotFound", f"{plural} {name} not found")
        match method:
            case "PATCH":
                return self._patched(kind, found, body, subresource)
            case "DELETE":
                return self._deleted(kind, found, body)
        return found

    def _selected(self, kind: Kind, selector: str) -> list[Body]:
        """Return the objects whose labels match terms such as "a", "a=b" and "a in (b,c)"."""
        terms = [_TERM.fullmatch(term) for term in _COMMA.split(selector)]
        return [
            each
            for each in self.objects[kind].values()
            if all(term and _holds(term, each["metadata"].get("labels") or {}) for term in terms)
        ]

    def _created(self, kind: Kind, manifest: Body) -> Body:
        if self.named(kind, manifest["metadata"]["name"]) is not None:
            raise RefusalError(HTTPStatus.CONFLICT, "AlreadyExists", "already exists")
        self._admit("POST", kind, None, manifest)
        made = {"uid": f"{kind.plural}-{self.version}", "generation": 1, "creationTimestamp": self.at()}
        status = {"observedGeneration": -1} if kind == COMPRESSION_JOBS else {}
        return self.put(kind, {**manifest, "metadata": {**manifest["metadata"], **made}, "status": status})

    def _patched(self, kind: Kind, body: Body, patch: Body, subresource: str) -> Body:
        meta = patch.get("metadata", {})
        same = {key: body["metadata"][key] for key in ("uid", "resourceVersion") if key in meta}
        if any(meta[key] != value for key, value in same.items()):
            raise RefusalError(HTTPStatus.CONFLICT, "Conflict", "the object has been modified")
        part = "status" if subresource else "spec"
        new = {**body, part: merged(body.get(part, {}), patch.get(part, {}))}
        if new[part] == body.get(part, {}):
            return body
        self._admit("PATCH", kind, body, new)
        if not subresource:
            new["metadata"] = {**body["metadata"], "generation": body["metadata"].get("generation", 1) + 1}
        return self.put(kind, new)

    def _deleted(self, kind: Kind, body: Body, options: Body) -> Body:
        wanted = options["preconditions"]
        if any(body["metadata"][key] != value for key, value in wanted.items()):
            raise RefusalError(HTTPStatus.CONFLICT, "Conflict", "the precondition failed")
        return self.put(kind, {**body, "metadata": {**body["metadata"], "deletionTimestamp": self.at()}})

    def _admit(self, method: str, kind: Kind, old: Body | None, new: Body) -> None:
        for policy in self.policies:
            if policy.holds(self.loop.time()) and policy.judges(method, kind, old, new):
                raise RefusalError(policy.answer, "Forbidden", f"{new['metadata']['name']} is denied for now")

    def _record(self, kind: Kind, type_: str, body: Body) -> Body:
        new = super()._record(kind, type_, body)
        for watcher in [*self.watchers]:
            watcher(kind, type_, new)
        return new


class MemoryCluster(Cluster):
    """The operator's own requests, sent to the server in memory instead of a connection."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._component = "segcompress-operator"
        self._clock = server.loop.time

    async def _request(
        self,
        method: str,
        url: str,
        body: Mapping[str, Any] | None = None,
        query: list[tuple[str, str]] | None = None,
    ) -> Body:
        return await self._server.send(method, url, dict(body or query or ()))

    async def _send(
        self,
        method: str,
        url: str,
        body: Mapping[str, Any] | None = None,
        query: list[tuple[str, str]] | None = None,
    ) -> str:
        await self._request(method, url, body, query)
        return ""


def merged(old: Any, patch: Any) -> Any:
    """Return a JSON merge patch applied (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    kept = old if isinstance(old, dict) else {}
    new = {key: merged(kept.get(key), value) for key, value in patch.items() if value is not None}
    return {**{key: value for key, value in kept.items() if key not in patch}, **new}


def _holds(term: re.Match[str], labels: Mapping[str, str]) -> bool:
    values = [term["one"]] if term["one"] else term["some"].split(",") if term["some"] else None
    return term["key"] in labels and (values is None or labels[term["key"]] in values)


def _hand_over(answer: asyncio.Future[Body], result: Body | Exception | None) -> None:
    if result is None or answer.done():
        return
    if isinstance(result, Exception):
        answer.set_exception(result)
    else:
        answer.set_result(result)
