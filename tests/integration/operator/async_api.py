"""A bare asynchronous client of the API server: requests and watches, and nothing that could slow either."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import aiohttp
import yaml
from yarl import URL

from integration.operator.api import RETRY_SECONDS, ApiError

Body = dict[str, Any]

CONNECTIONS = 32
COMPRESSION_JOBS = "/apis/segcompress.dev/v1alpha1/namespaces/{}/segcompressionjobs"
JOBS = "/apis/batch/v1/namespaces/{}/jobs"
PODS = "/api/v1/namespaces/{}/pods"
EVENTS = "/api/v1/namespaces/{}/events"

_LINE_LIMIT = 2**22
"""Of one event of a watch."""


class Api:
    """One user's connections; use as an async context manager."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self._server = cluster["server"]
        self._trust = ssl.create_default_context(cadata=_pem(cluster, "certificate-authority"))
        with TemporaryDirectory() as folder:
            pair = Path(folder, "pair.pem")
            pair.write_text(_pem(user, "client-certificate") + _pem(user, "client-key"))
            self._trust.load_cert_chain(pair)

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=0, ssl=self._trust)
        self._turn = asyncio.Semaphore(CONNECTIONS)
        self._session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    def send(
        self, method: str, url: str, data: str | bytes | None = None, **headers: str
    ) -> "aiohttp.client._RequestContextManager":
        """Send a request as it is, and return what its answer is read from; for a context."""
        address = URL(self._server + url, encoded=True)
        return self._session.request(method, address, data=data, headers=headers, read_bufsize=_LINE_LIMIT)

    async def request(self, method: str, url: str, body: object = None) -> Body:
        """Return the answer to one request; raises ApiError for any other status than 2xx."""
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        data = None if body is None else json.dumps(body)
        async with self._turn, self.send(method, url, data, **{"Content-Type": kind}) as answer:
            text = await answer.text()
            if answer.status >= 400:
                raise ApiError(answer.status, f"{method} {url}: {text}")
            parsed: Body = json.loads(text)
            return parsed

    async def version(self, url: str) -> str:
        """Return the version that a collection is at."""
        return str((await self.request("GET", f"{url}?limit=1"))["metadata"]["resourceVersion"])

    async def watch(self, url: str, since: str = "") -> AsyncIterator[tuple[str, Body]]:
        """Tell of every object of a collection from a version (now) on, as (type, object)."""
        version = since or await self.version(url)
        while (
            True
        ):  # The API server ends the watch of a client that reads too slowly; nothing is lost by that.
            async with self.send("GET", f"{url}?watch=true&resourceVersion={version}") as answer:
                if answer.status == HTTPStatus.TOO_MANY_REQUESTS:  # by an API server that has just started
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                if answer.status >= 400:
                    raise ApiError(answer.status, f"GET {url}: {await answer.text()}")
                async for line in answer.content:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        raise RuntimeError(f"the watch of {url} has a gap: this run does not count")
                    version = event["object"]["metadata"]["resourceVersion"]
                    yield event["type"], event["object"]


def _pem(entry: Mapping[str, str], name: str) -> str:
    if name in entry:
        return Path(entry[name]).read_text()
    return base64.b64decode(entry[f"{name}-data"]).decode()
