"""A PUT with a condition.

minio-py's put_object (7.2.20) has no header argument, and its metadata become user metadata; a presigned URL
leaves headers free.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from minio import Minio
from minio.error import S3Error, ServerError
from urllib3 import PoolManager

from segcompress_runner.storage.address import Address

_EXPIRES = timedelta(minutes=10)
_CONFLICT, _NOT_MET, _REFUSED = 409, 412, 300


def entity_tag(header: str) -> str:
    """Return the tag in an ETag header, without quotes.

    A proxy that compresses marks the store's tag as weak (RFC 9110, 8.8.3); the store has no weak tags.
    """
    return header.removeprefix("W/").strip('"')


def put_if(
    client: Minio, pool: PoolManager, address: Address, content: bytes, condition: Mapping[str, str]
) -> bool:
    """Put one object on a condition (`If-None-Match`, `If-Match`); return False if it does not hold.

    Raises what minio raises for other answers; one that may be retried is a ServerError.
    """
    url = client.get_presigned_url("PUT", address.bucket, address.path, expires=_EXPIRES)
    headers = {**condition, "Content-Type": address.media_type}
    response = pool.urlopen("PUT", url, body=content, headers=headers)
    if response.status == _NOT_MET:
        return False
    if response.status == _CONFLICT:
        raise ServerError("two publishers at once", response.status)
    if response.status >= _REFUSED:
        error = _answer(response)
        if isinstance(error, S3Error) and error.code == "NoSuchKey":  # If-Match, and the object is gone
            return False
        raise error
    return True


def _answer(response: Any) -> Exception:
    """Return minio's exception for an answer to a request of our own."""
    try:
        error: Exception = S3Error.fromxml(response)
    except Exception:  # noqa: BLE001 - any body that is not an S3 error
        error = ServerError(f"HTTP {response.status}", response.status)
    return error
