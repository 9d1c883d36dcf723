"""The only module that writes to the API server, or asks it anything outside the streams.

No decisions here, and no kind is known: each function is one request, and its answer in our words.
The official client carries the requests: who we are, tokens that rotate, TLS. Bodies stay plain JSON, for the
client's models would drop a field that they do not know.
"""

import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Any, Self

import aiohttp
from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, ApiException, Configuration

from segcompress_operator.answers import Caller, ConflictError, caller_of, error_of, latest_refusal
from segcompress_operator.errors import GoneError, RefusedError, RetryableError, SettingError
from segcompress_operator.kinds import EVENTS, Kind, Ref, kind_of
from segcompress_operator.planning.parsing import controller_uid
from segcompress_operator.planning.plan import Announcement
from segcompress_operator.resources.names import event_name

logger = logging.getLogger(__name__)

Body = dict[str, Any]

_TIMEOUT_SECONDS = 30.0
_MERGE_PATCH = "application/merge-patch+json"
_TOKEN_REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"  # noqa: S105 - a path, no secret
_EVENT_LIMIT = 1024
_CONNECTIONS = 32
_PAGE = 100
"""Objects per page: parsing a page must not block the loop."""

_FIRST_ERROR = 400


async def connection() -> Configuration:
    """Return the way to the API server: the pod's service account, or else what KUBECONFIG says."""
    configuration = Configuration()
    configuration.connection_pool_maxsize = _CONNECTIONS
    try:
        config.load_incluster_config(client_configuration=configuration)
    except config.ConfigException:
        try:
            await config.load_kube_config(client_configuration=configuration, persist_config=False)
        except config.ConfigException as error:
            raise SettingError("KUBECONFIG", f"is required outside a cluster ({error})") from None
    return configuration


class NameTakenError(Exception):
    """A Job of our name exists and is not ours."""


class Cluster:
    """Requests of the operator; use as an async context manager.

    Nothing is written while `may_write` says no: a process that hung for longer than its Lease lasts wakes up
    in the middle of a round.
    """

    def __init__(
        self,
        configuration: Configuration,
        component: str,
        clock: Callable[[], float] = time.time,
        may_write: Callable[[], bool] = lambda: True,
    ) -> None:
        self._configuration = configuration
        # Watches use no proxy of the environment either, and looking for one takes two threads a request.
        self._configuration.client_session_kwargs = {"trust_env": False}
        self._component = component
        self._clock = clock
        self._may_write = may_write
        self._api: ApiClient | None = None

    async def __aenter__(self) -> Self:
        self._api = ApiClient(self._configuration)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._api is not None:
            await self._api.close()

    async def create(self, manifest: Mapping[str, Any]) -> Body:
        """Create what `manifest` describes, or return what an earlier try created, with its labels restored.

        Raises NameTakenError where an object of that name has another owner, RefusedError where the API
        server refuses this one, or something takes the labels away.
        """
        meta = manifest["metadata"]
        ref = Ref(kind_of(manifest["apiVersion"], manifest["kind"]), meta["namespace"], meta["name"])
        try:
            return await self._request("POST", ref.kind.url(ref.namespace), manifest)
        except ConflictError:
            return await self._existing(ref, manifest)

    async def _existing(self, ref: Ref, manifest: Mapping[str, Any]) -> Body:
        """Return the object that exists."""
        try:
            return await self.relabel(ref, controller_uid(manifest), manifest["metadata"].get("labels", {}))
        except GoneError:
            raise RetryableError(f"GET: {ref} was in the way and is gone") from None

    async def relabel(self, ref: Ref, controller: str, labels: Mapping[str, str]) -> Body:
        """Return the object with its labels restored: without them, the streams would never deliver it.

        Raises GoneError where there is none, NameTakenError where it has another controller, RefusedError
        where something takes the labels away.
        """
        found = await self.get(ref)
        if controller_uid(found) != controller:
            raise NameTakenError(ref.name)
        if not _carries(found, labels):
            found = await self.patch(ref, {"metadata": {"labels": labels}})
        if not _carries(found, labels):
            raise RefusedError(f"it exists already, and something removes its labels: {ref}", final=False)
        return found

    async def get(self, ref: Ref) -> Body:
        """Return the object; raises GoneError where there is none."""
        return await self._request("GET", ref.url)

    async def find(self, kind: Kind, namespace: str, query: Mapping[str, str]) -> list[Body]:
        """Return the objects of a kind that match `query` (labelSelector, fieldSelector)."""
        listed = await self._request("GET", kind.url(namespace), query=list(query.items()))
        return list(listed.get("items") or ())

    async def pages(self, kind: Kind, namespace: str, query: Mapping[str, str]) -> AsyncIterator[list[Body]]:
        """Yield the objects of a kind that match `query` page by page: one may have megabytes."""
        token = ""
        while True:
            asked = {**query, "limit": str(_PAGE), **({"continue": token} if token else {})}
            listed = await self._request("GET", kind.url(namespace), query=list(asked.items()))
            yield list(listed.get("items") or ())
            token = str((listed.get("metadata") or {}).get("continue") or "")
            if not token:
                return

    async def patch_status(self, ref: Ref, meta: Mapping[str, str], patch: Mapping[str, Any]) -> Body:
        """Merge `patch` into the status, and return the object.

        `meta` holds the uid and resourceVersion that the object must have.
        """
        return await self._request("PATCH", f"{ref.url}/status", {"metadata": meta, "status": patch})

    async def patch(self, ref: Ref, patch: Mapping[str, Any]) -> Body:
        """Merge `patch` into the object, and return it."""
        return await self._request("PATCH", ref.url, patch)

    async def delete(self, ref: Ref, uid: str, version: str = "") -> Body:
        """Delete the object with that uid in the foreground, and return it: what it owns goes first.

        Raises GoneError where it is gone already or at once, RetryableError where another has its name, or
        where a version is given and the object has changed since.
        """
        unchanged = {"resourceVersion": version} if version else {}
        options = {"preconditions": {"uid": uid, **unchanged}, "propagationPolicy": "Foreground"}
        answer = await self._request("DELETE", ref.url, options)
        if answer.get("kind") == "Status":
            raise GoneError(f"{ref} is gone")
        return answer

    async def pod_refusal(self, namespace: str, job_uid: str) -> tuple[str, datetime | None]:
        """Return the Job controller's last word on why it cannot make a pod, and when it was said.

        Events alone report it; no condition holds it.
        """
        selector = f"involvedObject.uid={job_uid},reason=FailedCreate"
        return latest_refusal(await self.find(EVENTS, namespace, {"fieldSelector": selector}))

    async def review_token(self, token: str, audience: str) -> Caller | None:
        """Return the pod that `token` was issued to for `audience`, None where it was to none or is void."""
        review = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": token, "audiences": [audience]},
        }
        return caller_of(await self._request("POST", _TOKEN_REVIEWS, review), audience)

    async def post_event(self, about: Ref, uid: str, said: Announcement) -> None:
        """Post an Event on an object; a failure is logged, for the status says the same."""
        now = self._clock()
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": event_name(about.name, f"{int(now * 1e6):x}"), "namespace": about.namespace},
            "involvedObject": {
                "apiVersion": about.kind.api_version,
                "kind": about.kind.name,
                "namespace": about.namespace,
                "name": about.name,
                "uid": uid,
            },
            "type": said.type,
            "reason": said.reason,
            "message": said.message[:_EVENT_LIMIT],
            "source": {"component": self._component},
            "reportingComponent": self._component,
            "count": 1,
            "firstTimestamp": moment,
            "lastTimestamp": moment,
        }
        try:
            await self._send("POST", EVENTS.url(about.namespace), event)
        except (RetryableError, RefusedError, GoneError, ConflictError) as error:
            logger.warning("%s: Event %s was not posted: %s", about, said.reason, error)

    async def _request(
        self,
        method: str,
        url: str,
        body: Mapping[str, Any] | None = None,
        query: list[tuple[str, str]] | None = None,
    ) -> Body:
        return _parsed(method, await self._send(method, url, body, query))

    async def _send(
        self,
        method: str,
        url: str,
        body: Mapping[str, Any] | None = None,
        query: list[tuple[str, str]] | None = None,
    ) -> str:
        """Return the answer as it came: that to an Event is not read."""
        if self._api is None:
            raise RuntimeError("a Cluster is used as an async context manager")
        if method != "GET" and not self._may_write():
            raise RetryableError(f"{method}: this process does not lead")
        content_type = _MERGE_PATCH if method == "PATCH" else "application/json"
        headers = {"Content-Type": content_type, "Accept": "application/json"}
        try:
            # The body is JSON already: the client's own copy of it costs more than the request.
            _, address, headers, *_ = await self._api.param_serialize(
                method, url, query_params=query, header_params=headers, auth_settings=["BearerToken"]
            )
            response = await self._api.call_api(
                method, address, headers, body, _request_timeout=_TIMEOUT_SECONDS
            )
            text: str = (await response.read()).decode(errors="replace")
        except (aiohttp.ClientError, ApiException, TimeoutError, OSError) as error:
            raise RetryableError(f"{method}: the API server does not answer: {error!r}") from None
        if response.status >= _FIRST_ERROR:
            raise error_of(method, response.status, text, response.headers)
        return text


def _parsed(method: str, text: str) -> Body:
    """Return the object that an answer holds; a proxy in between may say 200 with a page of its own."""
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        # The text is left out: half of an answer to a TokenReview holds the token.
        raise RetryableError(f"{method}: the answer is not a JSON object; is a proxy in the way?")
    return parsed


def _carries(body: Body, labels: Mapping[str, str]) -> bool:
    given = body["metadata"].get("labels") or {}
    return labels.items() <= given.items()
