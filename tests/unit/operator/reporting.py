"""An operator that takes reports of progress over TLS, and the pods that send them."""

import json
import ssl
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import uvloop

from certified import certified
from devcluster.ports import free_ports
from segcompress_operator.answers import Caller
from segcompress_operator.certificates import Certificate
from segcompress_operator.reports import Reports, report_server
from unit.operator.fed import Fed
from unit.operator.samples import NOW, OWNER, job_body, pod_body, resource_body

REPORT = {"stage": "Compress", "step": 1, "totalSteps": 4}
POD = Caller(OWNER.namespace, "demo-pod", "uid-demo-pod")
PATH = f"/v1/pods/{POD.pod_uid}/progress"
GOOD = {"Authorization": "Bearer good"}


class Tokens:
    """A fake API server that knows some tokens, and records its requests."""

    def __init__(self, **pods: Caller | Exception) -> None:
        self.pods = pods
        self.asked = list[tuple[str, str]]()
        self.meanwhile: Callable[[], None] = lambda: None

    async def review_token(self, token: str, audience: str) -> Caller | None:
        self.asked.append((token, audience))
        self.meanwhile()
        found = self.pods.get(token)
        if isinstance(found, Exception):
            raise found
        return found


class Scene:
    """An operator that knows one run with one pod, and the requests that a test sends it."""

    def __init__(self, folder: Path, tokens: Tokens | None = None) -> None:
        self.fed = Fed()
        self.fed.resources.seen(resource_body())
        self.fed.jobs.seen(job_body())
        self.fed.pods.seen(pod_body())
        self.fed.woken.clear()
        self.tokens = tokens or Tokens(good=POD)
        self.now = NOW
        self._certificate = Certificate(certified(folder))
        self._session: aiohttp.ClientSession
        self.port = 0

    @property
    def ca(self) -> str:
        """The certificate of the authority that clients trust, PEM."""
        return self._certificate.ca

    def _clock(self) -> datetime:
        return self.now

    def play(self, act: Callable[["Scene"], Awaitable[Any]]) -> Any:
        async def scene() -> Any:
            (self.port,) = free_ports(1)
            subject = Reports(self.fed.runs, self.tokens, self._clock)
            trust = ssl.create_default_context(cadata=self._certificate.ca)
            connector = aiohttp.TCPConnector(ssl=trust, force_close=True)
            async with (
                report_server(subject, self.port, self._certificate.context),
                aiohttp.ClientSession(connector=connector) as self._session,
            ):
                return await act(self)

        return uvloop.run(scene())  # as the operator

    async def post(self, body: object = REPORT, path: str = PATH, **headers: str) -> int:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = f"https://localhost:{self.port}{path}"
        async with self._session.post(url, data=data, headers=headers or GOOD) as answer:
            return answer.status
