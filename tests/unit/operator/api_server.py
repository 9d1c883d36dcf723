"""An API server that answers by a script."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web
from kubernetes.aio.client import Configuration

from segcompress_operator.cluster import Cluster

Answer = tuple[int, Any]


class ApiServer:
    """Answers by a script, (method, path) -> (status, body), and keeps what it was asked.

    A body that is text is sent as it is, any other as JSON.
    """

    def __init__(self, answers: Mapping[tuple[str, str], Answer], headers: Mapping[str, str]) -> None:
        self.answers = answers
        self.headers = headers
        self.asked: list[tuple[str, str, Any, Mapping[str, str]]] = []

    async def handle(self, request: web.BaseRequest) -> web.Response:
        text = await request.text()
        body = json.loads(text) if text else None
        self.asked.append((request.method, request.path_qs, body, dict(request.headers)))
        status, answer = self.answers[request.method, request.path]
        if isinstance(answer, str):
            return web.Response(text=answer, status=status, headers=self.headers, content_type="text/html")
        return web.json_response(answer, status=status, headers=self.headers)


def talk(
    act: Callable[[Cluster], Awaitable[Any]],
    answers: Mapping[tuple[str, str], Answer],
    headers: Mapping[str, str] | None = None,
) -> tuple[Any, ApiServer]:
    """Return what `act` returned, and the server that it talked to."""
    server = ApiServer(answers, headers or {})

    async def scene() -> Any:
        runner = web.ServerRunner(web.Server(server.handle))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        try:
            async with Cluster(Configuration(f"http://127.0.0.1:{port}"), "segcompress-operator") as cluster:
                return await act(cluster)
        finally:
            await runner.cleanup()

    return asyncio.run(scene()), server
