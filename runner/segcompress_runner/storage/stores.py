"""One Storage for every address: each goes to the store of its scheme."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any

from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.storage.address import Address
from segcompress_runner.storage.credentials import take_credentials
from segcompress_runner.storage.local import LocalStorage
from segcompress_runner.storage.protocol import Named, OnDone, Stat, Storage, Tagged
from segcompress_runner.storage.s3 import S3Storage
from segcompress_runner.storage.settings import settings_from


class Stores:
    """s3:// and, where it is given, file://. The object store is opened when first asked for."""

    def __init__(self, open_s3: Callable[[], Storage], local: Storage | None) -> None:
        self._open_s3 = open_s3
        self._s3: Storage | None = None
        self._local = local

    def stat(self, folder: Address, files: Sequence[Named]) -> tuple[Stat, ...]:
        """Ask the folder's store."""
        return self._of(folder).stat(folder, files)

    def fetch(self, folder: Address, files: Sequence[Stat], into: Path, on_done: OnDone) -> Path:
        """Ask the folder's store."""
        return self._of(folder).fetch(folder, files, into, on_done)

    def read(self, address: Address, limit: int) -> bytes:
        """Ask the address's store."""
        return self._of(address).read(address, limit)

    def read_tagged(self, address: Address, limit: int) -> Tagged:
        """Ask the address's store."""
        return self._of(address).read_tagged(address, limit)

    def write(self, address: Address, content: bytes) -> None:
        """Ask the address's store."""
        self._of(address).write(address, content)

    def reserve(self, folder: Address, note: str) -> None:
        """Ask the folder's store."""
        self._of(folder).reserve(folder, note)

    def create(self, address: Address, content: bytes) -> bool:
        """Ask the address's store."""
        return self._of(address).create(address, content)

    def replace(self, address: Address, content: bytes, tag: str) -> bool:
        """Ask the address's store."""
        return self._of(address).replace(address, content, tag)

    def upload(self, folder: Address, files: Mapping[str, Path], on_done: OnDone) -> None:
        """Ask the folder's store."""
        self._of(folder).upload(folder, files, on_done)

    def _of(self, address: Address) -> Storage:
        if address.scheme == "file":
            if self._local is None:
                raise InvalidSettingError(f"{address}: a run in a cluster accepts only s3:// addresses")
            return self._local
        if self._s3 is None:
            self._s3 = self._open_s3()
        return self._s3


def local_stores(environment: MutableMapping[str, str], **options: Any) -> Stores:
    """Return the stores of a command on a user's machine: file://, and s3:// by the variables' credentials.

    The credentials are taken out of the environment; `options` are S3Storage's.
    """
    credentials = take_credentials(environment)
    return Stores(lambda: S3Storage(settings_from(credentials), **options), local=LocalStorage())
