"""A small client of the API server for tests: what an administrator, the kubelet or a user would send."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.request import HTTPSHandler, Request, build_opener

import kopf
import yaml

Body = dict[str, Any]
Found = TypeVar("Found")

PATIENCE_SECONDS = 60.0
"""Only so that a failing test ends; no test measures time."""

RETRY_SECONDS = 0.2

KINDS = {
    "scj": "/apis/segcompress.dev/v1alpha1/namespaces/{}/segcompressionjobs",
    "scs": "/apis/segcompress.dev/v1alpha1/namespaces/{}/segcompressionsweeps",
    "jobs": "/apis/batch/v1/namespaces/{}/jobs",
    "pods": "/api/v1/namespaces/{}/pods",
    "events": "/api/v1/namespaces/{}/events",
    "secrets": "/api/v1/namespaces/{}/secrets",
    "resourcequotas": "/api/v1/namespaces/{}/resourcequotas",
}


class ApiError(Exception):
    """An answer other than 2xx."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Api:
    """One user's way to the API server."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        info = kopf.ConnectionInfo(
            server=cluster["server"],
            ca_path=cluster.get("certificate-authority"),
            ca_data=cluster.get("certificate-authority-data"),
            certificate_path=user.get("client-certificate"),
            certificate_data=user.get("client-certificate-data"),
            private_key_path=user.get("client-key"),
            private_key_data=user.get("client-key-data"),
        )
        self._server = info.server
        self._opener = build_opener(HTTPSHandler(context=info.as_ssl_context()))

    def request(self, method: str, url: str, body: object = None) -> Body:
        """Return the answer; raises ApiError for any other status than 2xx.

        An API server that has just started, or whose CRD has just changed, may say for a moment that a kind
        cannot be read yet (429).
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self._request(method, url, body)
            except ApiError as error:
                can_wait = method == "GET" and error.status == HTTPStatus.TOO_MANY_REQUESTS
                if not can_wait or time.monotonic() > deadline:
                    raise
            time.sleep(RETRY_SECONDS)

    def _request(self, method: str, url: str, body: object) -> Body:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            with self._open(url, data=data, method=method, headers={"Content-Type": kind}) as answer:
                parsed: Body = json.loads(answer.read())
                return parsed
        except HTTPError as error:
            raise ApiError(error.code, error.read().decode()) from None

    def events_since(self, kind: str, namespace: str, version: str) -> Iterator[Body]:
        """Yield the watch events of a kind since a resourceVersion, those of the past first."""
        query = f"watch=true&resourceVersion={version}&timeoutSeconds={PATIENCE_SECONDS:.0f}"
        with self._open(f"{KINDS[kind].format(namespace)}?{query}") as answer:
            yield from map(json.loads, answer)

    def _open(self, url: str, **request: Any) -> Any:
        address = self._server + url
        return self._opener.open(Request(address, **request))  # noqa: S310 - of the server that the tests started

    def create(self, kind: str, namespace: str, body: Mapping[str, Any]) -> Body:
        return self.request("POST", KINDS[kind].format(namespace), body)

    def get(self, kind: str, namespace: str, name: str) -> Body:
        return self.request("GET", f"{KINDS[kind].format(namespace)}/{name}")

    def patch(self, kind: str, namespace: str, name: str, body: Mapping[str, Any]) -> Body:
        return self.request("PATCH", f"{KINDS[kind].format(namespace)}/{name}", body)

    def delete(self, kind: str, namespace: str, name: str, **options: object) -> Body:
        return self.request("DELETE", f"{KINDS[kind].format(namespace)}/{name}", options or None)

    def list(self, kind: str, namespace: str, query: str = "") -> list[Body]:
        found = self.request("GET", KINDS[kind].format(namespace) + (f"?{query}" if query else ""))
        return list(found["items"])


def eventually(look: Callable[[], Found | None], what: str, patience: float = PATIENCE_SECONDS) -> Found:
    """Return the first true value of `look`; fail naming `what` where none comes."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"never seen: {what}")
