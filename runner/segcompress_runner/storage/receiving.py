"""An object's bytes as they arrive: exactly as many as are wanted, in time, and the right ones."""

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from segcompress_runner.storage.answers import TransferError

_CHUNK = 2**20
_MD5 = re.compile(r"^[0-9a-f]{32}$")
_ETAG_IS_MD5 = "AES256"
"""The one server-side encryption under which an ETag is still the content's MD5 (not aws:kms)."""

_SLOWEST_BYTES_S = 64 * 2**10
"""What a transfer must reach over a whole object, after a grace."""


@dataclass(frozen=True)
class Expected:
    """What must come: size in bytes, ETag, and how long it may take beyond what its size explains."""

    size: int
    etag: str
    grace_s: float


def receive(response: Any, target: Path, expected: Expected, go_on: Callable[[], None]) -> None:
    """Copy a response's body into `target`; `go_on` is called for each piece and may raise.

    Raises TransferError for fewer or more bytes, other bytes, or bytes that come too slowly.
    """
    announced = response.headers.get("Content-Length")
    if announced is not None and int(announced) != expected.size:
        raise TransferError(f"{announced} bytes are announced instead of {expected.size}")
    with target.open("wb") as file:
        digest = _copy(response, file, expected, go_on)
    encrypted = response.headers.get("x-amz-server-side-encryption", _ETAG_IS_MD5)
    if _MD5.match(expected.etag) and encrypted == _ETAG_IS_MD5 and digest != expected.etag:
        raise TransferError("other bytes arrived than were stored")


def read_up_to(response: Any, limit: int, grace_s: float, go_on: Callable[[], None]) -> bytes:
    """Return at most `limit` bytes of a body; raises TransferError for fewer than announced, or late."""
    announced = min(limit, int(response.headers.get("Content-Length", 0)))
    end = time.monotonic() + grace_s + announced / _SLOWEST_BYTES_S
    content = bytearray()
    while len(content) < limit and (piece := _read(response, end)):
        go_on()
        content += piece
        if time.monotonic() > end:
            raise TransferError(f"only {len(content)} bytes arrived in time")
    if len(content) < announced:
        raise TransferError(f"only {len(content)} of {announced} bytes arrived")
    return bytes(content[:limit])


def _copy(response: Any, file: BinaryIO, expected: Expected, go_on: Callable[[], None]) -> str:
    """Copy exactly as many bytes as are expected; return their MD5."""
    digest, received, size = hashlib.md5(usedforsecurity=False), 0, expected.size
    end = time.monotonic() + expected.grace_s + size / _SLOWEST_BYTES_S
    while chunk := _read(response, end):
        go_on()
        received += file.write(chunk)
        digest.update(chunk)
        if received > size:
            raise TransferError(f"more than {size} bytes arrived")
        if time.monotonic() > end:
            raise TransferError(f"only {received} of {size} bytes arrived in time")
    if received < size:
        raise TransferError(f"only {received} of {size} bytes arrived")
    return digest.hexdigest()


def _read(response: Any, end: float) -> bytes:
    """Return the next piece; the connection waits for it no longer than until `end`."""
    sock = getattr(response.connection, "sock", None)
    if sock is not None:
        sock.settimeout(min(sock.gettimeout() or 60, max(0.1, end - time.monotonic())))
    piece: bytes = response.read1(_CHUNK)
    return piece


def md5_of(path: Path) -> str:
    """Return the MD5 of a file's content, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
