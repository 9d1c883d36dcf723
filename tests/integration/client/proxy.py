"""A TCP proxy between a client and the API server whose connections a test can break."""

import asyncio
import contextlib
import threading
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import yaml

_LOOPBACK = "127.0.0.1"


class TcpProxy:
    """Forwards connections to the API server of a kubeconfig; `kubeconfig` connects through it."""

    def __init__(self, kubeconfig: Path, folder: Path) -> None:
        self.kubeconfig = folder / "through-the-proxy"
        self.connections = 0
        self._config = yaml.safe_load(kubeconfig.read_text())
        self._server = urlsplit(self._config["clusters"][0]["cluster"]["server"])
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._open: set[asyncio.StreamWriter] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        port = asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result()
        self._config["clusters"][0]["cluster"]["server"] = f"https://{_LOOPBACK}:{port}"
        self.kubeconfig.write_text(yaml.safe_dump(self._config))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.break_connections()
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def break_connections(self) -> None:
        """Reset every open connection."""
        asyncio.run_coroutine_threadsafe(self._break(), self._loop).result()

    async def _serve(self) -> int:
        self._listening = await asyncio.start_server(self._forward, _LOOPBACK, 0)
        port: int = self._listening.sockets[0].getsockname()[1]
        return port

    async def _end(self) -> None:
        self._listening.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _break(self) -> None:
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        there, back = await asyncio.open_connection(self._server.hostname, self._server.port)
        self._open |= {writer, back}
        await asyncio.gather(_copy(reader, back), _copy(there, writer))


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while content := await source.read(65536):
            target.write(content)
            await target.drain()
    target.close()
