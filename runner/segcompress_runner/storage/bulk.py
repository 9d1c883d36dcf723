"""Small objects, many at a time: GETs through obstore, whose transfers leave Python free.

What does not come right is left to minio, which says what is wrong. obstore resolves the endpoint by itself
and follows redirects: the addresses are checked before it gets the endpoint, and every other host lies behind
a proxy that takes no connection. A host that resolves differently a moment later still gets a GET without
effect, whose answer nobody sees: bytes count only where their MD5 was known before.
"""

import hashlib
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from segcompress_runner.storage.connections import check_addresses, resolve
from segcompress_runner.storage.settings import S3Settings

LARGEST = 2 * 2**20
"""Larger objects are copied to disk in pieces; these are held in memory, one for each connection."""

_MD5 = re.compile(r"^[0-9a-f]{32}$")
_NOWHERE = "http://127.0.0.1:0"
_RETRIES = 3


class BulkReader:
    """GETs from one bucket. At the first failure it sets itself aside."""

    def __init__(self, store: S3Store) -> None:
        self._store = store
        self._working = True

    def get(self, key: str, etag: str, size: int) -> bytes | None:
        """Return an object's content, verified; None where another way must be taken."""
        if not self._working or size > LARGEST or not _MD5.match(etag):
            return None
        try:
            content = _get(self._store, key, etag, size)
        except (BaseError, OSError):
            content = None
        self._working = content is not None
        return content


def bulk_reader(settings: S3Settings, bucket: str, timeout_s: float) -> BulkReader | None:
    """Return a reader of `bucket`, None where obstore cannot reach it; `timeout_s` bounds one request.

    Raises InvalidSettingError where the endpoint has an address that no object store may have.
    """
    parts = urlsplit(settings.endpoint)
    host = parts.hostname or ""
    if settings.amazon:  # one host for each region, which minio knows
        return None
    check_addresses(host, resolve(host, parts.port))
    client: dict[str, Any] = {
        "allow_http": not settings.secure,
        "connect_timeout": "5s",
        "timeout": timedelta(seconds=timeout_s),
        "proxy_url": _NOWHERE,
        "proxy_excludes": host,
    }
    options: dict[str, Any] = {"region": settings.region or "us-east-1"}
    if settings.session_token:
        options["session_token"] = settings.session_token
    try:
        if settings.ca_bundle is not None:
            client["root_certificate"] = settings.ca_bundle.read_bytes()
        store = S3Store(
            bucket,
            endpoint=settings.endpoint,
            access_key_id=settings.access_key,
            secret_access_key=settings.secret_key,
            client_options=client,  # type: ignore[arg-type]  # a TypedDict that is not importable
            retry_config={"max_retries": _RETRIES, "retry_timeout": timedelta(seconds=timeout_s / 2)},
            **options,
        )
    except BaseError:
        return None
    return BulkReader(store)


def _get(store: S3Store, key: str, etag: str, size: int) -> bytes | None:
    answer = obstore.get(store, key, options={"if_match": f'"{etag}"'})
    if answer.meta["size"] != size:
        return None
    content = bytes(answer.bytes())
    return content if hashlib.md5(content, usedforsecurity=False).hexdigest() == etag else None
