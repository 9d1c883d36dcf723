"""A fake kubelet that serves logs to the API server."""

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from devcluster.certs import Authority, Leaf
from integration.operator.api import Api

_LOOPBACK = "127.0.0.1"


class Kubelet:
    """A node whose kubelet writes `log`; use as a context manager."""

    def __init__(self, pki: Path, api: Api, node: str) -> None:
        self.node = node
        self.log: list[str] = []
        self.asked: list[dict[str, list[str]]] = []
        self.more = threading.Condition()
        self.is_over = False
        self._api = api
        self._server = _Server(self)
        pair = Authority(pki).issue(Leaf(node, f"system:node:{node}", addresses=(_LOOPBACK,)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._api.request("POST", "/api/v1/nodes", {"metadata": {"name": self.node}})
        status = {
            "addresses": [{"type": "InternalIP", "address": _LOOPBACK}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self._server.server_port}},
        }
        self._api.request("PATCH", f"/api/v1/nodes/{self.node}/status", {"status": status})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        self._server.shutdown()
        self._server.server_close()
        self._api.request("DELETE", f"/api/v1/nodes/{self.node}")

    def write(self, *lines: str) -> None:
        """Add lines to the log."""
        with self.more:
            self.log += lines
            self.more.notify_all()

    def lines(self, *, follow: bool) -> Iterator[str]:
        """Yield the lines of the log with their time stamps; with `follow` until the end."""
        told = 0
        while follow or told < len(self.log):
            with self.more:
                while len(self.log) == told and not self.is_over:
                    self.more.wait()
            if len(self.log) == told:
                return
            yield f"2026-11-01T12:00:{told:02}.000000001Z {self.log[told]}"
            told += 1

    def end(self) -> None:
        """End the log for its followers."""
        with self.more:
            self.is_over = True
            self.more.notify_all()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, kubelet: Kubelet) -> None:
        super().__init__((_LOOPBACK, 0), _Handler)
        self.kubelet = kubelet

    def handle_error(self, *_: object) -> None:
        """Ignore clients that disconnect."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        self.server.kubelet.asked.append(query)
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for line in self.server.kubelet.lines(follow="follow" in query):
            self._chunk(f"{line}\n".encode())
        self._chunk(b"")

    def _chunk(self, content: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(content), content))
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing."""
