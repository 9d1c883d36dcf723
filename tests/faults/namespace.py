"""One run's namespace: what is in it, as the harness's own watch tells, and what a user does there."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from faults.history import JOBS, PODS, RESOURCES, Body, History, Version
from integration.operator import objects
from integration.operator.api import ApiError
from integration.operator.async_api import Api

Found = TypeVar("Found")

URLS = {
    RESOURCES: "/apis/segcompress.dev/v1alpha1/namespaces/{}/segcompressionjobs",
    JOBS: "/apis/batch/v1/namespaces/{}/jobs",
    PODS: "/api/v1/namespaces/{}/pods",
    "events": "/api/v1/namespaces/{}/events",
    "resourcequotas": "/api/v1/namespaces/{}/resourcequotas",
}
_GONE = (404, 409)
_REFUSED = ("being terminated", "metadata.uid: Invalid value")
"""The second: another object has the name by now, and a merge into it names the uid of the first."""


class Namespace:
    """The objects of one namespace by kind and name, and every version of them in `history`."""

    def __init__(self, api: Api, name: str) -> None:
        self.name = name
        self.history = History()
        self.changed = asyncio.Event()
        """Set, and replaced by a new one, with each change."""
        self.objects: dict[str, dict[str, Body]] = {RESOURCES: {}, JOBS: {}, PODS: {}}
        self.uids: list[str] = []
        """Of all resources, in the order of their creation."""
        self.deleted: set[str] = set()
        """Uids of what is gone."""
        self.user_is_done = asyncio.Event()
        self._api = api

    def take(self, version: Version) -> None:
        """Take in what the watch tells."""
        self.history.versions.append(version)
        if version.type == "DELETED":
            self.deleted.add(version.uid)
        self._note(version)

    def _note(self, version: Version) -> None:
        named, name = self.objects[version.plural], str(version.body["metadata"]["name"])
        known = named.get(name)
        if known is not None and int(known["metadata"]["resourceVersion"]) > version.number:
            return
        if version.uid in self.deleted:
            named.pop(name, None)
        else:
            named[name] = version.body
        if version.plural == RESOURCES and version.uid not in self.uids:
            self.uids.append(version.uid)
        self.changed.set()
        self.changed = asyncio.Event()

    def all(self, plural: str) -> list[Body]:
        """Return all objects of a kind."""
        return [*self.objects[plural].values()]

    def owned(self, plural: str, uid: str) -> list[Body]:
        """Return the objects with that owner, oldest first."""
        found = (body for body in self.all(plural) if uid in owners(body))
        return sorted(found, key=lambda body: str(body["metadata"]["name"]))

    async def until(self, look: Callable[[], Found | None]) -> Found:
        """Return the first true value of `look`."""
        while True:
            changed, found = self.changed, look()
            if found:
                return found
            await changed.wait()

    async def within(self, seconds: float, look: Callable[[], Found | None]) -> Found | None:
        """Return the first true value of `look`, None where it takes longer."""
        try:
            async with asyncio.timeout(seconds):
                return await self.until(look)
        except TimeoutError:
            return None

    def says(self, words: str) -> bool:
        """Return whether a resource's condition says these words."""
        conditions = (each for body in self.all(RESOURCES) for each in status(body).get("conditions") or ())
        return any(words in str(each.get("message")) for each in conditions)

    async def create(self, plural: str, body: Body, rest: str = "") -> Body | None:
        """Create an object and return it, None where it cannot be; more of its URL may follow in `rest`."""
        return await self._request("POST", plural, rest, body)

    async def patch(self, plural: str, name: str, body: Body) -> Body | None:
        """Merge into an object or its status (`name/status`)."""
        return await self._request("PATCH", plural, f"/{name}", body)

    async def delete(self, plural: str, name: str, **options: Any) -> None:
        """Delete an object."""
        await self._request("DELETE", plural, f"/{name}", options or None)

    async def _request(self, method: str, plural: str, rest: str, body: Body | None) -> Body | None:
        try:
            answer = await self._api.request(method, URLS[plural].format(self.name) + rest, body)
        except ApiError as error:
            if _is_over(error):
                return None
            raise
        if plural in self.objects and method != "DELETE" and "uid" in (answer.get("metadata") or {}):
            self._note(Version(plural, "MODIFIED", answer))  # the watch tells it again
        return answer

    async def apply(self, name: str = "demo", **changes: Any) -> Body:
        """Create a resource whose spec is the sample's, with some top-level fields replaced."""
        spec = {**objects.SPEC, "backoffLimit": 1, **changes}
        made = await self.create(RESOURCES, objects.resource(name, spec))
        if made is None:
            raise RuntimeError(f"{self.name}/{name} was not created")
        return made

    async def reaches(self, phase: str, name: str = "demo") -> Body:
        """Wait until the resource is in that phase, and return it."""

        def look() -> Body | None:
            found = self.objects[RESOURCES].get(name)
            return found if found is not None and status(found).get("phase") == phase else None

        return await self.until(look)

    async def job(self, *not_these: str) -> Body:
        """Wait for a Job whose uid is none of `not_these`."""
        return await self.until(
            lambda: next((job for job in self.all(JOBS) if uid_of(job) not in not_these), None)
        )

    async def delete_all(self) -> None:
        """Do what the namespace controller does: delete the namespace with all that is in it."""
        url = f"/api/v1/namespaces/{self.name}"
        await self._api.request("DELETE", url)
        for plural in (RESOURCES, JOBS, PODS):
            query = "?propagationPolicy=Background&gracePeriodSeconds=0"
            await self._api.request("DELETE", URLS[plural].format(self.name) + query)
        await self.until(lambda: not any(self.objects.values()))
        body = await self._api.request("GET", url)
        await self._api.request("PUT", f"{url}/finalize", {**body, "spec": {"finalizers": []}})


def owners(body: Body) -> Iterable[str]:
    """Return the uids of an object's owners."""
    return [str(each["uid"]) for each in body["metadata"].get("ownerReferences") or ()]


def uid_of(body: Body) -> str:
    """Return an object's identity."""
    return str(body["metadata"]["uid"])


def status(body: Body) -> Body:
    """Return an object's status, empty where it has none."""
    found: Body = body.get("status") or {}
    return found


def _is_over(error: ApiError) -> bool:
    """Return whether the object is gone or another: whoever plays a controller looks again."""
    return error.status in _GONE or any(words in str(error) for words in _REFUSED)
