"""An object store behind TLS: a private CA is trusted where it is given, and only there."""

import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from devcluster.certs import Authority, Leaf
from segcompress_runner.errors import StorageUnreachableError
from segcompress_runner.storage import Address, S3Settings, S3Storage


class OneObject(BaseHTTPRequestHandler):
    """Answers every GET with the same bytes."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"bytes")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[S3Settings]:
    """Serve TLS under a certificate of a CA of its own; return settings that name that CA."""
    authority = Authority(tmp_path)
    authority.create()
    pair = authority.issue(Leaf("store", "store", addresses=("127.0.0.1",)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    with HTTPServer(("127.0.0.1", 0), OneObject) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        host = f"127.0.0.1:{server.server_port}"
        yield S3Settings(host, True, "key", "secret", ca_bundle=authority.certificate)  # noqa: FBT003
        server.shutdown()
        thread.join()


def test_private_ca_that_is_given_is_trusted(secure: S3Settings) -> None:
    assert S3Storage(secure).read(Address("s3", "bucket", "x"), 100) == b"bytes"


def test_certificate_of_another_ca_is_refused_at_once(secure: S3Settings) -> None:
    storage = S3Storage(replace(secure, ca_bundle=None))
    with pytest.raises(StorageUnreachableError, match=r"certificate is not trusted \(a private CA goes into"):
        storage.read(Address("s3", "bucket", "x"), 100)


def test_tls_endpoint_named_as_http_is_out_of_reach(secure: S3Settings) -> None:
    storage = S3Storage(replace(secure, secure=False), patience_s=0.1)
    with pytest.raises(StorageUnreachableError, match=rf"http://{secure.host} is out of reach"):
        storage.read(Address("s3", "bucket", "x"), 100)
