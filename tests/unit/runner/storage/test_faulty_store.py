"""Faults in transfer, made by a small server; no byte of a bad object is used."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from segcompress_runner.errors import InputNotFoundError, InvalidSettingError, StorageUnreachableError
from segcompress_runner.storage import Address, Named, S3Settings, S3Storage, Stat, s3

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


def trickles_headers(handler: BaseHTTPRequestHandler) -> None:
    """Send a byte before each read could time out, without end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        handler.wfile.write(b"x")
        time.sleep(0.05)


def never_begins(_: BaseHTTPRequestHandler) -> None:
    time.sleep(60)


def stops_midway(handler: BaseHTTPRequestHandler) -> None:
    send(handler, CONTENT[:100], length=len(CONTENT))
    time.sleep(60)


def redirects(handler: BaseHTTPRequestHandler) -> None:
    if handler.path == "/elsewhere":
        send(handler, CONTENT)
        return
    handler.send_response(307)
    port = handler.headers["Host"].rpartition(":")[2]
    handler.send_header("Location", f"http://localhost:{port}/elsewhere")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def lacks_both_and_says_so_of_the_second_first(handler: BaseHTTPRequestHandler) -> None:
    if handler.path.endswith("a.jpg"):
        time.sleep(0.3)
    body = b"<Error><Code>NoSuchKey</Code></Error>"
    handler.send_response(404)
    handler.send_header("Content-Type", "application/xml")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture(params=["obstore", "minio"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let the storage try obstore first, or minio alone."""
    if request.param == "minio":
        monkeypatch.setattr(s3, "bulk_reader", lambda *_: None)
    return str(request.param)


@pytest.fixture
def seen() -> list[tuple[str, str]]:
    """Path and client of each request that the store got."""
    return []


@pytest.fixture
def store(way: str, seen: list[tuple[str, str]]) -> Iterator[Callable[..., S3Storage]]:
    """Return a function that starts a store with one answer to every GET."""
    del way
    servers = list[ThreadingHTTPServer]()

    def start(answer: Answer, patience_s: float = 0.1, grace_s: float = 0.3) -> S3Storage:
        class Handler(BaseHTTPRequestHandler):
            def end_headers(self) -> None:
                self.send_header("ETag", f'"{ETAG}"')
                self.send_header("Last-Modified", "Tue, 24 Nov 2026 12:00:00 GMT")
                super().end_headers()

            def do_GET(self) -> None:
                seen.append((self.path, self.headers["User-Agent"].lower().split("/")[0]))
                try:
                    answer(self)
                except OSError:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        settings = S3Settings(f"127.0.0.1:{server.server_port}", False, "key", "secret")  # noqa: FBT003
        return S3Storage(settings, patience_s=patience_s, grace_s=grace_s)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def fetch(storage: S3Storage, into: Path) -> None:
    storage.fetch(FOLDER, [Stat(Named("a.jpg"), f"etag:{ETAG}", len(CONTENT))], into, lambda _: None)


def test_right_bytes_are_taken(
    store: Callable[..., S3Storage], tmp_path: Path, way: str, seen: list[tuple[str, str]]
) -> None:
    fetch(store(lambda handler: send(handler, CONTENT)), tmp_path)
    assert (tmp_path / "a.jpg").read_bytes() == CONTENT
    assert seen == [
        ("/bucket/data/a.jpg", {"obstore": "object_store", "minio": "minio (linux; x86_64) minio-py"}[way])
    ]


def test_of_two_missing_objects_the_first_is_named(store: Callable[..., S3Storage], tmp_path: Path) -> None:
    wanted = [Stat(Named(name), f"etag:{ETAG}", len(CONTENT)) for name in ("a.jpg", "b.jpg")]
    storage = store(lacks_both_and_says_so_of_the_second_first, patience_s=5, grace_s=5)
    with pytest.raises(InputNotFoundError, match=r"a\.jpg"):
        storage.fetch(FOLDER, wanted, tmp_path, lambda _: None)


def test_redirect_is_followed_by_neither_client(
    store: Callable[..., S3Storage], tmp_path: Path, seen: list[tuple[str, str]]
) -> None:
    with pytest.raises(StorageUnreachableError):
        fetch(store(redirects), tmp_path)
    assert {path for path, _ in seen} == {"/bucket/data/a.jpg"}


@pytest.mark.usefixtures("way")
def test_metadata_endpoint_is_refused_before_any_request(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettingError, match=r"169\.254\.169\.254"):
        fetch(S3Storage(S3Settings("169.254.169.254", False, "key", "secret")), tmp_path)  # noqa: FBT003


@pytest.mark.timeout(30)
@pytest.mark.parametrize("answer", [never_begins, stops_midway, trickles, trickles_headers])
def test_small_object_takes_no_longer_than_patience_in_all(
    store: Callable[..., S3Storage], tmp_path: Path, answer: Answer
) -> None:
    with pytest.raises(StorageUnreachableError):
        fetch(store(answer, patience_s=0.5, grace_s=10), tmp_path)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (flipped, "other bytes arrived"),
        (flipped_under_encryption, "other bytes arrived"),
        (truncated, "out of reach"),
        (announces_more, "5368709120 bytes are announced"),
        (sends_without_end, "more than 5120 bytes arrived"),
        (trickles, "bytes arrived in time"),
        (stops_midway, "no answer in time"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_fault_in_transfer_is_seen_and_nothing_is_kept(
    store: Callable[..., S3Storage], tmp_path: Path, answer: Answer, message: str
) -> None:
    with pytest.raises(StorageUnreachableError, match=message):
        fetch(store(answer), tmp_path)
    assert not (tmp_path / "a.jpg").exists()


@pytest.mark.timeout(30)
@pytest.mark.parametrize("answer", [never_begins, stops_midway, trickles, trickles_headers])
def test_list_takes_no_longer_than_patience_in_all(store: Callable[..., S3Storage], answer: Answer) -> None:
    with pytest.raises(StorageUnreachableError):
        store(answer, patience_s=0.5).read(FOLDER / "train.txt", 10_000)
