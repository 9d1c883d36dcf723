"""What the kubelet asks: /healthz, whether the process is alive, and /readyz, whether it sees all it should.

Prometheus asks the same server: /metrics.

kopf's own endpoint has one path for the first and none for the second, and opens only once the API server has
answered.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.typedefs import Handler

Problems = Callable[[], Sequence[str]]


@asynccontextmanager
async def probes(
    port: int, problems: Problems, metrics: Handler, notes: Problems = tuple
) -> AsyncIterator[None]:
    """Answer on `port` while the context lasts; 0 answers nowhere. /readyz adds `notes` to what it says."""

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        found = problems()
        text = "\n".join([*(found or ["ok"]), *notes()])
        return web.Response(text=f"{text}\n", status=503 if found else 200)

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        if port:
            await web.TCPSite(runner, None, port).start()  # the kubelet comes from outside, by IPv4 or IPv6
        yield
    finally:
        await runner.cleanup()
