"""TLS connections for an HTTP server: a limited number at once, including those still in handshake.

`loop.create_server` tells of a connection once its handshake is over: whoever opened thousands and said
nothing would hold the memory of as many handshakes.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn

from aiohttp import web

logger = logging.getLogger(__name__)

CONNECTIONS = 256
CONNECTION_SECONDS = 15.0
"""Limits on the number and duration of open connections; a runner opens one for each report."""

HANDSHAKE_SECONDS = 5.0

_ACCEPT_SECONDS = 1.0
"""The delay after a connection could not be accepted, for example for lack of file descriptors."""


@asynccontextmanager
async def accepting(server: web.Server, port: int, tls: ssl.SSLContext) -> AsyncIterator[None]:
    """Hand connections to `port` of all addresses to `server` while the context lasts."""
    with _listening(port) as listening:
        taking = asyncio.create_task(_Connections(server, tls).take(listening))
        try:
            yield
        finally:
            taking.cancel()
            await asyncio.wait([taking])


def _listening(port: int) -> socket.socket:
    dual = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if dual else socket.AF_INET
    listening = socket.create_server(("", port), family=family, dualstack_ipv6=dual)
    listening.settimeout(0)
    return listening


class _Connections:
    def __init__(self, server: web.Server, tls: ssl.SSLContext) -> None:
        self._server = server
        self._tls = tls
        self._handshakes = 0

    async def take(self, listening: socket.socket) -> NoReturn:
        """Accept connections until cancelled; one too many is closed before it costs anything."""
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    connection, _ = await loop.sock_accept(listening)
                except OSError as error:
                    logger.warning("a connection was not accepted: %s", error)
                    await asyncio.sleep(_ACCEPT_SECONDS)
                    continue
                if self._handshakes + len(self._server.connections) < CONNECTIONS:
                    self._handshakes += 1
                    group.create_task(self._hand_over(connection))
                else:
                    connection.close()

    async def _hand_over(self, connection: socket.socket) -> None:
        loop, handler = asyncio.get_running_loop(), self._server()
        try:
            await loop.connect_accepted_socket(
                lambda: handler,
                connection,
                ssl=self._tls,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=1.0,
            )
            loop.call_later(CONNECTION_SECONDS, handler.force_close)
        except OSError:
            pass  # a client that fails its handshake is not worth a log line
        except Exception:
            logger.exception("a bug ended a connection")
        finally:
            self._handshakes -= 1
