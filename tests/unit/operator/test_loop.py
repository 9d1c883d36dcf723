"""The event loop connects although a transport claims a file descriptor."""

import asyncio
import os
import socket

import pytest

from segcompress_operator.loop import run


def test_claimed_file_descriptor_fails_one_connection_alone() -> None:
    assert run(_connect_beside_a_claim()) == "connected"


async def _connect_beside_a_claim() -> str:
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        first = _socket()
        await loop.sock_connect(first, address)
        transport, _ = await loop.create_connection(asyncio.Protocol, sock=first)
        claimed = first.fileno()
        os.close(claimed)  # As a cancelled connection leaves it: the transport does not know.
        second = _socket()
        assert second.fileno() == claimed
        with pytest.raises(OSError, match="is used by transport"):
            await loop.sock_connect(second, address)
        with _socket() as third:
            await loop.sock_connect(third, address)
        transport.abort()
        return "connected"


def _socket() -> socket.socket:
    made = socket.socket()
    made.settimeout(0)
    return made
