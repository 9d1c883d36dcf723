"""Objects that are replaced on a condition."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from segcompress_runner.storage import Address, Named, S3Settings, S3Storage

OBJECT = Address("s3", "bucket", "models/manifest.json")
TAG = "0123456789abcdef0123456789abcdef"


class BehindProxy(BaseHTTPRequestHandler):
    """A store behind a proxy that marks ETags as weak; it replaces what has the strong one."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(200, b"{}")

    def do_HEAD(self) -> None:
        self._answer(200, b"")

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(200 if self.headers["If-Match"] == f'"{TAG}"' else 412, b"")

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("ETag", f'W/"{TAG}"')
        self.send_header("Last-Modified", "Tue, 24 Nov 2026 12:00:00 GMT")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def store() -> Iterator[S3Storage]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BehindProxy)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield S3Storage(S3Settings(f"127.0.0.1:{server.server_port}", False, "key", "secret"), patience_s=5)  # noqa: FBT003
    server.shutdown()
    server.server_close()


def test_object_whose_etag_a_proxy_weakened_is_replaced(store: S3Storage) -> None:
    tag = store.read_tagged(OBJECT, 100).tag
    assert tag == TAG
    assert store.replace(OBJECT, b"[]", tag)
    assert not store.replace(OBJECT, b"[]", "another")


def test_weak_etag_of_an_input_is_the_store_s(store: S3Storage) -> None:
    (found,) = store.stat(Address("s3", "bucket", "data"), [Named("a.jpg")])
    assert found.digest == f"etag:{TAG}"
