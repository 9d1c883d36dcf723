"""Answers of an API server, or of what stands before it, that are unlike those of a healthy one."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from kubernetes.client import Configuration

from segcompress.client import UnreachableError
from segcompress.client.cluster import Cluster
from segcompress.client.connection import Connection

JOB = {"metadata": {"name": "demo", "resourceVersion": "1"}}
CHANGED = json.dumps({"type": "MODIFIED", "object": JOB})

Answering = Callable[[str], Cluster]


@pytest.fixture
def answering() -> Iterator[Answering]:
    """Return a function that gives the way to a server whose every answer is the text, and then the end."""
    servers = []

    def started(text: str) -> Cluster:
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Answer)
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        configuration = Configuration()
        configuration.host = f"http://127.0.0.1:{server.server_port}"
        configuration.retries = False
        return Cluster(Connection(configuration, "default"))

    yield started
    for server in servers:
        server.shutdown()
        server.server_close()


def changes(cluster: Cluster) -> list[str]:
    return [type_ for type_, _ in cluster.changes("default", "segcompressionjobs", JOB, 5)]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{CHANGED}\n\n{CHANGED}\n", id="empty line"),
        pytest.param(f"{CHANGED}\n{CHANGED}\n{CHANGED[:20]}", id="cut in a line"),
        pytest.param(f"{CHANGED}\n<p>log in</p>\n{CHANGED}\n", id="a proxy's words"),
    ],
)
def test_changes_are_told_across_what_is_none(answering: Answering, text: str) -> None:
    assert changes(answering(text)) == ["MODIFIED", "MODIFIED"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"type": "ERROR", "object": {"code": 500, "message": "etcd"}}\n', id="no reason"),
        pytest.param('{"type": "ERROR", "object": {"message": "etcd"}}\n', id="no code"),
        pytest.param("[]\n", id="a list"),
        pytest.param('{"kind": "Status"}\n', id="no event"),
    ],
)
def test_watch_of_something_else_is_one_that_was_cut(answering: Answering, text: str) -> None:
    with pytest.raises(UnreachableError, match="the watch sent something that is not an event"):
        changes(answering(text))


def test_last_line_of_a_log_is_told_without_its_end(answering: Answering) -> None:
    cluster = answering("1 first\n2 Killed")
    assert [*cluster.log("default", "pod", follow=False, since_seconds=None)] == ["1 first", "2 Killed"]
