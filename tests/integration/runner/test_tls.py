"""An object store behind TLS: a private CA is trusted where it is given, and only there."""

import hashlib
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from devcluster.certs import Authority, Leaf
from segcompress_runner.errors import StorageUnreachableError
from segcompress_runner.storage import Address, Named, S3Settings, S3Storage, Stat

CONTENT = b"bytes"
FOLDER = Address("s3", "bucket", "data")


class Server(HTTPServer):
    """Remembers the client of each request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), OneObject)
        self.clients = list[str]()


class OneObject(BaseHTTPRequestHandler):
    """Answers every GET with the same bytes."""

    server: Server

    def do_GET(self) -> None:
        self.server.clients.append(self.headers["User-Agent"].split("/")[0])
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.send_header("ETag", f'"{etag()}"')
        self.send_header("Last-Modified", "Tue, 24 Nov 2026 12:00:00 GMT")
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def etag() -> str:
    return hashlib.md5(CONTENT).hexdigest()  # noqa: S324 - S3's ETag is one


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def secure(server: Server, tmp_path: Path) -> Iterator[S3Settings]:
    """Serve TLS under a certificate of a CA of its own; return settings that name that CA."""
    authority = Authority(tmp_path)
    authority.create()
    pair = authority.issue(Leaf("store", "store", addresses=("127.0.0.1",)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    host = f"127.0.0.1:{server.server_port}"
    yield S3Settings(host, True, "key", "secret", ca_bundle=authority.certificate)  # noqa: FBT003
    server.shutdown()
    thread.join()


def fetch(settings: S3Settings, into: Path) -> bytes:
    storage = S3Storage(settings, patience_s=2)
    stat = Stat(Named("x"), f"etag:{etag()}", len(CONTENT))
    return (storage.fetch(FOLDER, [stat], into, lambda _: None) / "x").read_bytes()


def test_private_ca_that_is_given_is_trusted(secure: S3Settings) -> None:
    assert S3Storage(secure).read(Address("s3", "bucket", "x"), 100) == b"bytes"


def test_small_objects_too_come_from_a_store_whose_private_ca_is_given(
    secure: S3Settings, server: Server, tmp_path: Path
) -> None:
    """They come through obstore, which has TLS of its own."""
    assert fetch(secure, tmp_path / "here") == CONTENT
    assert server.clients == ["object_store"]


def test_small_objects_are_not_asked_for_under_a_certificate_of_another_ca(
    secure: S3Settings, server: Server, tmp_path: Path
) -> None:
    with pytest.raises(StorageUnreachableError, match="certificate is not trusted"):
        fetch(replace(secure, ca_bundle=None), tmp_path / "here")
    assert server.clients == []


def test_certificate_of_another_ca_is_refused_at_once(secure: S3Settings) -> None:
    storage = S3Storage(replace(secure, ca_bundle=None))
    with pytest.raises(StorageUnreachableError, match=r"certificate is not trusted \(a private CA goes into"):
        storage.read(Address("s3", "bucket", "x"), 100)


def test_tls_endpoint_named_as_http_is_out_of_reach(secure: S3Settings) -> None:
    storage = S3Storage(replace(secure, secure=False), patience_s=0.1)
    with pytest.raises(StorageUnreachableError, match=rf"http://{secure.host} is out of reach"):
        storage.read(Address("s3", "bucket", "x"), 100)
