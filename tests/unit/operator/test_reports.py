"""Who may report progress, and what the server makes of everybody else."""

import asyncio
import json
import os
import resource
import socket
import ssl
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvloop

from certified import certified
from devcluster.ports import free_ports
from segcompress_api.contract import PROGRESS_AUDIENCE
from segcompress_operator import connections, reports
from segcompress_operator.answers import Caller
from segcompress_operator.certificates import Certificate
from segcompress_operator.errors import RefusedError, RetryableError
from segcompress_operator.reports import Reports, report_server
from unit.operator.fed import Fed
from unit.operator.samples import NOW, OWNER, ended_body, job_body, make_resource, pod_body, resource_body

REPORT = {"stage": "Compress", "step": 1, "totalSteps": 4}
POD = Caller(OWNER.namespace, "demo-pod", "uid-demo-pod")
PATH = f"/v1/pods/{POD.pod_uid}/progress"
GOOD = {"Authorization": "Bearer good"}


class Tokens:
    """An API server that knows some tokens, and remembers what it was asked."""

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
        self._port = 0

    def _clock(self) -> datetime:
        return self.now

    def play(self, act: Callable[["Scene"], Awaitable[Any]]) -> Any:
        async def scene() -> Any:
            (self._port,) = free_ports(1)
            subject = Reports(self.fed.runs, self.tokens, self._clock)
            trust = ssl.create_default_context(cadata=self._certificate.ca)
            connector = aiohttp.TCPConnector(ssl=trust, force_close=True)
            async with (
                report_server(subject, self._port, self._certificate.context),
                aiohttp.ClientSession(connector=connector) as self._session,
            ):
                return await act(self)

        return uvloop.run(scene())  # as the operator

    async def post(self, body: object = REPORT, path: str = PATH, **headers: str) -> int:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = f"https://localhost:{self._port}{path}"
        async with self._session.post(url, data=data, headers=headers or GOOD) as answer:
            return answer.status


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_report_of_the_runs_pod_is_taken_in(scene: Scene) -> None:
    assert scene.play(Scene.post) == 204
    assert scene.tokens.asked == [("good", PROGRESS_AUDIENCE)]
    reported = scene.fed.runs.observe(make_resource()).reported
    assert reported is not None
    assert (reported.report.to_wire(), reported.received) == (REPORT, NOW)
    assert [ref.name for ref in scene.fed.woken] == ["demo"]


@pytest.mark.parametrize(
    "caller",
    [
        pytest.param(None, id="void token"),
        pytest.param(Caller(OWNER.namespace, "demo-pod", "another"), id="another pod of that name"),
        pytest.param(Caller(OWNER.namespace, "another", POD.pod_uid), id="another name"),
        pytest.param(Caller("elsewhere", "demo-pod", POD.pod_uid), id="another namespace"),
    ],
)
def test_token_of_anybody_else_is_refused(tmp_path: Path, caller: Caller | None) -> None:
    scene = Scene(tmp_path, Tokens(**({} if caller is None else {"good": caller})))
    assert scene.play(Scene.post) == 403
    assert scene.fed.runs.last_report(POD.pod_uid) is None


@pytest.mark.parametrize(
    ("body", "headers", "path", "status"),
    [
        pytest.param(REPORT, {"Authorization": "Basic eA=="}, PATH, 401, id="no bearer"),
        pytest.param(REPORT, {"X": "y"}, PATH, 401, id="no token"),
        pytest.param(REPORT, GOOD, "/v1/pods/unknown/progress", 404, id="unknown pod"),
        pytest.param(REPORT, GOOD, "/v1/pods/../progress", 404, id="no pod"),
        pytest.param({**REPORT, "step": 5}, GOOD, PATH, 400, id="step past the total"),
        pytest.param(b"\x00\xff{]", GOOD, PATH, 400, id="garbage"),
        pytest.param(b'{"stage":"Compress","step":NaN}', GOOD, PATH, 400, id="NaN"),
        pytest.param(b"[" * 1000, GOOD, PATH, 400, id="deep"),
        pytest.param(b"{}" + b" " * 2**19, GOOD, PATH, 413, id="half a megabyte"),
    ],
)
def test_what_is_wrong_by_itself_costs_the_api_server_nothing(
    scene: Scene, body: object, headers: dict[str, str], path: str, status: int
) -> None:
    assert scene.play(lambda s: s.post(body, path, **headers)) == status
    assert scene.tokens.asked == []
    assert scene.fed.runs.last_report(POD.pod_uid) is None


def test_pod_is_heard_every_ten_seconds(scene: Scene) -> None:
    async def act(scene: Scene) -> list[int]:
        answers = []
        for seconds in (0, 9.9, 10):
            scene.now = NOW + timedelta(seconds=seconds)
            answers.append(await scene.post())
        return answers

    assert scene.play(act) == [204, 429, 204]
    assert len(scene.tokens.asked) == 2


def test_one_pod_has_a_token_reviewed_every_second(scene: Scene) -> None:
    async def act(scene: Scene) -> list[int]:
        answers = []
        for seconds in (0, 0.9, 1):
            scene.now = NOW + timedelta(seconds=seconds)
            answers.append(await scene.post(Authorization="Bearer stolen"))
        return answers

    assert scene.play(act) == [403, 429, 403]
    assert len(scene.tokens.asked) == 2


def test_reports_that_come_at_once_count_as_one(scene: Scene) -> None:
    async def act(scene: Scene) -> list[int]:
        return sorted(await asyncio.gather(*(scene.post() for _ in range(5))))

    assert scene.play(act) == [204, 429, 429, 429, 429]


def test_all_pods_together_have_so_many_tokens_reviewed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "REVIEWS_PER_SECOND", 0.001)

    async def act(scene: Scene) -> list[int]:
        return [await scene.post(Authorization="Bearer stolen") for _ in range(3)]

    assert scene.play(act) == [429, 429, 429]
    assert scene.tokens.asked == []


@pytest.mark.parametrize(
    "error", [RetryableError("POST: no answer"), RefusedError("tokenreviews is forbidden", final=False)]
)
def test_api_server_that_cannot_tell_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    scene = Scene(tmp_path, Tokens(good=error))

    async def act(scene: Scene) -> list[int]:
        answers = []
        for seconds in range(3):
            scene.now = NOW + timedelta(seconds=seconds)
            answers.append(await scene.post())
        return answers

    assert scene.play(act) == [503, 503, 503]
    assert [record.getMessage() for record in caplog.records] == [f"progress is not taken in: {error}"]


@pytest.mark.parametrize("later", ["terminal", "replaced", "gone", "finished"])
def test_pod_that_is_no_longer_the_runs_last_is_not_heard(scene: Scene, later: str) -> None:
    fed = scene.fed
    if later == "terminal":
        fed.pods.seen(ended_body(1))
    elif later == "replaced":
        body = pod_body("next")
        body["metadata"]["creationTimestamp"] = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
        fed.pods.seen(body)
    elif later == "gone":
        fed.pods.gone(pod_body())
    else:
        done = {"observedGeneration": 1, "conditions": [{"type": "Finished", "status": "True"}]}
        fed.resources.seen(resource_body(status=done, resourceVersion="90"))
    assert scene.play(Scene.post) == 404
    assert scene.tokens.asked == []


def test_pod_that_ends_while_its_token_is_reviewed_is_not_heard(scene: Scene) -> None:
    scene.tokens.meanwhile = lambda: scene.fed.pods.seen(ended_body(1))
    assert scene.play(Scene.post) == 404
    assert scene.fed.runs.last_report(POD.pod_uid) is None


def test_reports_go_with_their_pod(scene: Scene) -> None:
    assert scene.play(Scene.post) == 204
    scene.fed.pods.gone(pod_body())
    assert scene.fed.runs.last_report(POD.pod_uid) is None


def test_connection_that_says_nothing_is_ended(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CONNECTION_SECONDS", 0.2)

    async def act(scene: Scene) -> bytes:
        trust = ssl.create_default_context(cadata=scene._certificate.ca)
        reader, writer = await asyncio.open_connection("localhost", scene._port, ssl=trust)
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
        trust = ssl.create_default_context(cadata=scene._certificate.ca)
        _, holding = await asyncio.open_connection("localhost", scene._port, ssl=trust)
        with pytest.raises(aiohttp.ClientError):
            await scene.post()
        holding.close()
        await holding.wait_closed()
        return await answer_in_the_end(scene)

    assert scene.play(act) == 204


def test_connections_without_a_handshake_count(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CONNECTIONS", 2)

    async def act(scene: Scene) -> int:
        silent = [await asyncio.open_connection("localhost", scene._port) for _ in range(2)]
        reader, too_many = await asyncio.open_connection("localhost", scene._port)
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
        reader, writer = await asyncio.open_connection("localhost", scene._port)
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
        client = socket.create_connection(("localhost", scene._port))
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
        trust = ssl.create_default_context(cadata=scene._certificate.ca)
        reader, writer = await asyncio.open_connection("localhost", scene._port, ssl=trust)
        writer.write(request_)
        answer = await reader.readline()
        writer.close()
        return answer

    assert b" 400 " in scene.play(act)
    assert caplog.records == []
