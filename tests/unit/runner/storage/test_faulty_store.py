"""Faults in transfer, made by a small server; no byte of a bad object is used."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from segcompress_runner.errors import StorageUnreachableError
from segcompress_runner.storage import Address, Named, S3Settings, S3Storage, Stat

CONTENT = bytes(range(256)) * 20
ETAG = hashlib.md5(CONTENT).hexdigest()  # noqa: S324 - S3's ETag is one
Answer = Callable[[BaseHTTPRequestHandler], None]
FOLDER = Address("s3", "bucket", "data")


def send(handler: BaseHTTPRequestHandler, content: bytes, *, length: int = 0, **headers: str) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(length or len(content)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(content)


def flipped(handler: BaseHTTPRequestHandler) -> None:
    send(handler, bytes([CONTENT[0] ^ 1]) + CONTENT[1:])


def flipped_under_encryption(handler: BaseHTTPRequestHandler) -> None:
    send(handler, CONTENT[:-1] + b"\0", x_amz_server_side_encryption="AES256")


def truncated(handler: BaseHTTPRequestHandler) -> None:
    send(handler, CONTENT[:100], length=len(CONTENT))


def announces_more(handler: BaseHTTPRequestHandler) -> None:
    send(handler, CONTENT, length=5 * 2**30)


def sends_without_end(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(CONTENT)


def trickles(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(CONTENT)))
    handler.end_headers()
    for position in range(len(CONTENT)):
        handler.wfile.write(CONTENT[position : position + 1])
        time.sleep(0.05)


@pytest.fixture
def store() -> Iterator[Callable[[Answer], S3Storage]]:
    """Return a function that starts a store with one answer to every GET."""
    servers = list[ThreadingHTTPServer]()

    def start(answer: Answer) -> S3Storage:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                try:
                    answer(self)
                except OSError:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        settings = S3Settings(f"127.0.0.1:{server.server_port}", False, "key", "secret")  # noqa: FBT003
        return S3Storage(settings, patience_s=0.1, grace_s=0.3)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def fetch(storage: S3Storage, into: Path) -> None:
    storage.fetch(FOLDER, [Stat(Named("a.jpg"), f"etag:{ETAG}", len(CONTENT))], into, lambda _: None)


def test_right_bytes_are_taken(store: Callable[[Answer], S3Storage], tmp_path: Path) -> None:
    fetch(store(lambda handler: send(handler, CONTENT)), tmp_path)
    assert (tmp_path / "a.jpg").read_bytes() == CONTENT


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (flipped, "other bytes came"),
        (flipped_under_encryption, "other bytes came"),
        (truncated, "out of reach"),
        (announces_more, "5368709120 bytes are announced"),
        (sends_without_end, "more than 5120 bytes came"),
        (trickles, "bytes came in time"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_fault_in_transfer_is_seen_and_nothing_is_kept(
    store: Callable[[Answer], S3Storage], tmp_path: Path, answer: Answer, message: str
) -> None:
    with pytest.raises(StorageUnreachableError, match=message):
        fetch(store(answer), tmp_path)
    assert not (tmp_path / "a.jpg").exists()
