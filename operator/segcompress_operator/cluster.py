"""The only module that writes to the API server, or asks it anything outside the watches.

No decisions here: each function is one request, and its answer in our words (errors.py). The official client
carries the requests: who we are, tokens that rotate, TLS. Bodies stay plain JSON, for the client's models
would drop a field that they do not know.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

import aiohttp
from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, ApiException, Configuration

from segcompress_api.base import API_GROUP, API_VERSION
from segcompress_api.job import KIND, PLURAL
from segcompress_api.status import timestamp
from segcompress_operator.errors import GoneError, RefusedError, RetryableError, SettingError
from segcompress_operator.planning.observed import Resource, controller_uid, parse_time
from segcompress_operator.planning.plan import Announcement, TtlChange

logger = logging.getLogger(__name__)

Body = dict[str, Any]

_GROUP_URL = f"/apis/{API_GROUP}/{API_VERSION}"
_TIMEOUT_SECONDS = 30.0
_MERGE_PATCH = "application/merge-patch+json"
_EVENT_LIMIT = 1024
_CONNECTIONS = 32
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
    """Requests of the operator; use as an async context manager."""

    def __init__(
        self, configuration: Configuration, component: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._configuration = configuration
        self._component = component
        self._clock = clock
        self._api: ApiClient | None = None

    async def __aenter__(self) -> Self:
        self._api = ApiClient(self._configuration)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._api is not None:
            await self._api.close()

    async def serves_our_kind(self) -> bool:
        """Return whether the CRD is installed."""
        try:
            listed = await self._request("GET", _GROUP_URL)
        except GoneError:
            return False
        return any(resource.get("name") == PLURAL for resource in listed.get("resources", ()))

    async def create_job(self, manifest: Mapping[str, Any]) -> Body:
        """Create the Job, or return the one that an earlier try made.

        Raises NameTakenError where a Job of that name has another owner, RefusedError where the API server
        refuses this one.
        """
        meta = manifest["metadata"]
        url = f"/apis/batch/v1/namespaces/{meta['namespace']}/jobs"
        try:
            return await self._request("POST", url, manifest)
        except _ConflictError:
            existing = await self._existing(f"{url}/{meta['name']}")
        if controller_uid(existing) != controller_uid(manifest):
            raise NameTakenError(meta["name"])
        return existing

    async def _existing(self, url: str) -> Body:
        try:
            return await self._request("GET", url)
        except GoneError:
            raise RetryableError("GET: the Job that was in the way is gone") from None

    async def patch_status(self, resource: Resource, patch: Mapping[str, Any]) -> Body:
        """Merge `patch` into the status of exactly that version of the resource, and return the new one."""
        url = f"{_GROUP_URL}/namespaces/{resource.owner.namespace}/{PLURAL}/{resource.owner.name}/status"
        meta = {"resourceVersion": resource.resource_version, "uid": resource.owner.uid}
        return await self._request("PATCH", url, {"metadata": meta, "status": dict(patch)})

    async def patch_ttl(self, namespace: str, change: TtlChange) -> Body:
        """Give a finished Job its ttl."""
        url = f"/apis/batch/v1/namespaces/{namespace}/jobs/{change.job_name}"
        return await self._request("PATCH", url, {"spec": {"ttlSecondsAfterFinished": change.seconds}})

    async def pod_refusal(self, namespace: str, job_uid: str) -> str:
        """Return the Job controller's last word on why it cannot make a pod, "" where it has none.

        It is told in Events alone; no condition holds it.
        """
        selector = f"involvedObject.uid={job_uid},reason=FailedCreate"
        url = f"/api/v1/namespaces/{namespace}/events"
        listed = await self._request("GET", url, query=[("fieldSelector", selector)])
        return _latest_message(listed.get("items", ()))

    async def post_event(self, resource: Resource, said: Announcement) -> None:
        """Post an Event on the resource; a failure is logged, for the status says the same."""
        owner, now = resource.owner, self._clock()
        moment = parse_time(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)))
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{owner.name[:230]}.{int(now * 1e6):x}", "namespace": owner.namespace},
            "involvedObject": {
                "apiVersion": f"{API_GROUP}/{API_VERSION}",
                "kind": KIND,
                "namespace": owner.namespace,
                "name": owner.name,
                "uid": owner.uid,
            },
            "type": said.type,
            "reason": said.reason,
            "message": said.message[:_EVENT_LIMIT],
            "source": {"component": self._component},
            "reportingComponent": self._component,
            "count": 1,
            **(
                {}
                if moment is None
                else dict.fromkeys(("firstTimestamp", "lastTimestamp"), timestamp(moment))
            ),
        }
        try:
            await self._request("POST", f"/api/v1/namespaces/{owner.namespace}/events", event)
        except (RetryableError, RefusedError, GoneError, _ConflictError) as error:
            logger.warning("%s: Event %s was not posted: %s", resource.key, said.reason, error)

    async def _request(
        self,
        method: str,
        url: str,
        body: Mapping[str, Any] | None = None,
        query: list[tuple[str, str]] | None = None,
    ) -> Body:
        if self._api is None:
            raise RuntimeError("a Cluster is used as an async context manager")
        content_type = _MERGE_PATCH if method == "PATCH" else "application/json"
        headers = {"Content-Type": content_type, "Accept": "application/json"}
        try:
            request = await self._api.param_serialize(
                method,
                url,
                query_params=query,
                header_params=headers,
                body=body,
                auth_settings=["BearerToken"],
            )
            response = await self._api.call_api(*request, _request_timeout=_TIMEOUT_SECONDS)
            text = (await response.read()).decode(errors="replace")
        except (aiohttp.ClientError, ApiException, TimeoutError, OSError) as error:
            raise RetryableError(f"{method}: the API server does not answer: {error!r}") from None
        if response.status >= _FIRST_ERROR:
            raise _error(method, response.status, text, response.headers)
        parsed: Body = json.loads(text)
        return parsed


class _ConflictError(RetryableError):
    """Somebody was there before us."""


def _error(method: str, status: int, text: str, headers: Mapping[str, str]) -> Exception:
    message = _message(text) or f"HTTP status {status}"
    match status:
        case 404:
            return GoneError(message)
        case 409:
            return _ConflictError(f"{method}: {message}")
        case 400 | 413 | 422:
            return RefusedError(message, final=True)
        case 403:
            return RefusedError(message, final=False)
        case _:
            wish = headers.get("Retry-After", "")
            return RetryableError(f"{method}: {message}", float(wish) if wish.isdecimal() else None)


def _message(text: str) -> str:
    try:
        answer = json.loads(text)
    except ValueError:
        return text[:200]
    return str(answer.get("message", "")) if isinstance(answer, dict) else ""


def _latest_message(events: Any) -> str:
    def moment(event: Body) -> str:
        return str(event.get("lastTimestamp") or event.get("eventTime") or "")

    latest = max(events, key=moment, default=None)
    return "" if latest is None else str(latest.get("message", ""))
