"""Connections to the server of reports: none holds it up, and none is held against the next."""

import asyncio
import os
import resource
import socket
import ssl
from pathlib import Path

import aiohttp
import pytest

from segcompress_operator import connections
from unit.operator.reporting import PATH, Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_connection_that_says_nothing_is_ended(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CONNECTION_SECONDS", 0.2)

    async def act(scene: Scene) -> bytes:
        trust = ssl.create_default_context(cadata=scene.ca)
        reader, writer = await asyncio.open_connection("localhost", scene.port, ssl=trust)
        writer.write(f"POST {PATH} HTTP/1.1\r\nHost: x\r\n".encode())
        left = await reader.read()
        writer.close()
        return left

    assert scene.play(act) == b""


def test_one_connection_too_many_is_turned_away_and_the_next_is_not(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "CONNECTIONS", 1)

    async def act(scene: Scene) -> int:
        trust = ssl.create_default_context(cadata=scene.ca)
        _, holding = await asyncio.open_connection("localhost", scene.port, ssl=trust)
        with pytest.raises(aiohttp.ClientError):
            await scene.post()
        holding.close()
        await holding.wait_closed()
        return await answer_in_the_end(scene)

    assert scene.play(act) == 204


def test_connections_without_a_handshake_count(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CONNECTIONS", 2)

    async def act(scene: Scene) -> int:
        silent = [await asyncio.open_connection("localhost", scene.port) for _ in range(2)]
        reader, too_many = await asyncio.open_connection("localhost", scene.port)
        assert await reader.read() == b""
        with pytest.raises(aiohttp.ClientError):
            await scene.post()
        for _, writer in [*silent, (reader, too_many)]:
            writer.close()
            await writer.wait_closed()
        return await answer_in_the_end(scene)

    assert scene.play(act) == 204


def test_connection_without_a_handshake_is_ended(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HANDSHAKE_SECONDS", 0.2)

    async def act(scene: Scene) -> tuple[bytes, int]:
        reader, writer = await asyncio.open_connection("localhost", scene.port)
        left = await reader.read()
        writer.close()
        return left, await scene.post()

    assert scene.play(act) == (b"", 204)


def test_connections_that_cannot_be_accepted_stop_none_that_can(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connections, "_ACCEPT_SECONDS", 0.01)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    async def act(scene: Scene) -> int:
        client = socket.create_connection(("localhost", scene.port))
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free_descriptor(), hard))
        try:
            await asyncio.sleep(0.1)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        client.close()
        return await scene.post()

    assert scene.play(act) == 204
    assert "was not accepted" in caplog.text


def lowest_free_descriptor() -> int:
    found = os.dup(0)
    os.close(found)
    return found


async def answer_in_the_end(scene: Scene) -> int:
    """Return the answer to a report, once the server has noticed that others are gone."""
    while True:
        try:
            return await scene.post()
        except aiohttp.ClientError:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("request_", [b"GARBAGE\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"])
def test_what_is_not_http_is_not_logged(
    scene: Scene, caplog: pytest.LogCaptureFixture, request_: bytes
) -> None:
    async def act(scene: Scene) -> bytes:
        trust = ssl.create_default_context(cadata=scene.ca)
        reader, writer = await asyncio.open_connection("localhost", scene.port, ssl=trust)
        writer.write(request_)
        answer = await reader.readline()
        writer.close()
        return answer

    assert b" 400 " in scene.play(act)
    assert caplog.records == []
