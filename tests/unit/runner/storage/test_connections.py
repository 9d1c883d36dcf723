import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from segcompress_runner.errors import InvalidSettingError, StorageUnreachableError
from segcompress_runner.storage import Address, S3Settings, S3Storage
from segcompress_runner.storage.connections import GuardedPoolManager, check_addresses


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.0.1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "192.0.0.192",
        "0.0.0.0",  # noqa: S104 - refused, not bound
    ],
)
def test_metadata_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidSettingError, match=r"S3_ENDPOINT .*store\.example is at"):
        check_addresses("store.example", ["10.0.0.7", address])


def test_other_addresses_pass() -> None:
    check_addresses("store.example", ["10.96.0.10", "127.0.0.1", "192.168.1.5", "2001:db8::1"])


def test_metadata_endpoint_gets_no_request() -> None:
    storage = S3Storage(S3Settings("169.254.169.254", False, "key", "secret"))  # noqa: FBT003
    with pytest.raises(InvalidSettingError, match=r"169\.254\.169\.254"):
        storage.read(Address("s3", "bucket", "latest"), 100)


class Answers(BaseHTTPRequestHandler):
    """Redirects everything but /elsewhere, and counts."""

    elsewhere = 0

    def do_GET(self) -> None:
        if self.path == "/elsewhere":
            type(self).elsewhere += 1
        self.send_response(307)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    Answers.elsewhere = 0
    with HTTPServer(("127.0.0.1", 0), Answers) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_redirect_is_not_followed(server: str) -> None:
    pool = GuardedPoolManager(1, None)
    assert pool.request("GET", f"http://{server}/").status == 307
    pool.clear()
    assert Answers.elsewhere == 0


def test_endpoint_that_redirects_is_named(server: str) -> None:
    storage = S3Storage(S3Settings(server, False, "key", "secret"), patience_s=0.1)  # noqa: FBT003
    with pytest.raises(StorageUnreachableError, match=rf"http://{server} is out of reach: its answer"):
        storage.read(Address("s3", "bucket", "x"), 100)
    assert Answers.elsewhere == 0


def test_name_without_an_address_is_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    storage = S3Storage(S3Settings("store.invalid", False, "k", "s"), patience_s=0.1)  # noqa: FBT003
    with pytest.raises(StorageUnreachableError, match=r"http://store\.invalid is out of reach.*not resolve"):
        storage.read(Address("s3", "bucket", "x"), 100)
