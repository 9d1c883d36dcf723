"""A stand-in for the operator's server, and certificates as its chart's Secret holds them."""

import shutil
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from devcluster.certs import Authority, Leaf


def certified(folder: Path, *addresses: str) -> Path:
    """Return a folder with tls.crt, tls.key and ca.crt, of an authority of its own, for `addresses`."""
    authority = Authority(folder / "pki")
    authority.create()
    pair = authority.issue(Leaf("server", "segcompress-operator", addresses=addresses or ("localhost",)))
    mounted = folder / "mounted"
    mounted.mkdir(exist_ok=True)
    for file, name in (
        (pair.certificate, "tls.crt"),
        (pair.key, "tls.key"),
        (authority.certificate, "ca.crt"),
    ):
        shutil.copyfile(file, mounted / name)
    return mounted


class Handler(BaseHTTPRequestHandler):
    """Remembers requests, and answers them by the server's status."""

    server: "Server"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.heard.append((self.path, self.headers["Authorization"], body))
        self.send_response(self.server.status)
        self.send_header("Location", "https://elsewhere.example.com/")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(HTTPServer):
    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 204
        self.heard = list[tuple[str, str, str]]()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that turn away."""


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    with Server(folder) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
