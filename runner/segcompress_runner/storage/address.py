"""Addresses as a spec writes them: s3://bucket/prefix/ and file:///folder/."""

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal

from minio.helpers import check_bucket_name

from segcompress_runner.errors import InvalidInputError, InvalidSettingError

Scheme = Literal["s3", "file"]

_MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True)
class Address:
    """A folder or an object: `path` is a key without slashes at its ends, or an absolute path."""

    scheme: Scheme
    bucket: str
    path: str

    def __truediv__(self, name: str) -> "Address":
        return replace(self, path=f"{self.path}/{name}" if self.path else name)

    def __str__(self) -> str:
        if self.scheme == "file":
            return f"file://{self.path}"
        return f"s3://{self.bucket}/{self.path}" if self.path else f"s3://{self.bucket}"

    def split(self) -> tuple["Address", str]:
        """Return the folder and the name of an object; the name is empty where the address has none."""
        folder, _, name = self.path.rpartition("/")
        return replace(self, path=folder or ("/" if self.scheme == "file" else "")), name

    @property
    def media_type(self) -> str:
        """Return what an object store is told of an object: a browser shows a page instead of saving it."""
        return _MEDIA_TYPES.get(PurePosixPath(self.path).suffix, "application/octet-stream")

    @property
    def local(self) -> Path:
        """The path of a file:// address."""
        return Path(self.path)


def parse_address(uri: str, field: str) -> Address:
    """Return the address in `uri`; raises InvalidSettingError naming `field`."""
    scheme, _, rest = uri.partition("://")
    if scheme == "file" and rest.startswith("/"):
        return Address("file", "", rest.rstrip("/") or "/")
    bucket, _, key = rest.partition("/")
    if scheme == "s3" and bucket:
        _check_bucket(bucket, field)
        return Address("s3", bucket, key.strip("/"))
    raise InvalidSettingError(
        f"{field}: {uri!r} is not an address; write s3://bucket/prefix/ or file:///absolute/folder/"
    )


def _check_bucket(name: str, field: str) -> None:
    try:
        check_bucket_name(name)
    except ValueError:
        raise InvalidSettingError(
            f"{field}: {name!r} is not the name of a bucket: 3 to 63 letters, digits, dots and dashes"
        ) from None


def safe_join(folder: Path, name: str) -> Path:
    """Return `folder / name`; raises InvalidInputError where that lies outside the folder."""
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\0" in name or "\\" in name:
        raise InvalidInputError(f"{name!r} is not the name of a file inside a folder")
    return folder / path
