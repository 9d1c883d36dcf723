"""The one seam for bytes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from segcompress_runner.errors import InputNotFoundError
from segcompress_runner.storage.address import Address

OnDone = Callable[[int], None]
"""Called with the number of files that are done."""


@dataclass(frozen=True)
class Named:
    """A file that somebody asked for by name; `origin` says who ("train.txt line 7")."""

    name: str
    origin: str = ""

    def at(self, folder: Address) -> str:
        """Return its address, and who named it, for messages."""
        return f"{folder / self.name}" + (f" ({self.origin})" if self.origin else "")


@dataclass(frozen=True)
class Stat:
    """A file that exists: `digest` changes whenever its content does."""

    file: Named
    digest: str
    size: int


@dataclass(frozen=True)
class Tagged:
    """The content of an object, and a tag that changes whenever the content does."""

    content: bytes
    tag: str


class Storage(Protocol):
    """Reads and writes one kind of address.

    Everything here raises InputNotFoundError, StorageAccessDeniedError or StorageUnreachableError naming the
    address, and PreemptedError where the run was asked to stop.
    """

    def stat(self, folder: Address, files: Sequence[Named]) -> tuple[Stat, ...]:
        """Return size and digest of each file, in their order."""

    def fetch(self, folder: Address, files: Sequence[Stat], into: Path, on_done: OnDone) -> Path:
        """Bring the files to this machine, verified; return the folder where they lie (not always `into`)."""

    def read(self, address: Address, limit: int) -> bytes:
        """Return the content of one small object; InvalidInputError where it is over `limit` bytes."""

    def read_tagged(self, address: Address, limit: int) -> Tagged:
        """Return the same with the tag that `replace` takes."""

    def write(self, address: Address, content: bytes) -> None:
        """Put one small object in place, whatever was there."""

    def reserve(self, folder: Address, note: str) -> None:
        """Show that `folder` can be written; an object store keeps `note` there as started.txt."""

    def create(self, address: Address, content: bytes) -> bool:
        """Put one small object where none is; return False, and change nothing, where one is."""

    def replace(self, address: Address, content: bytes, tag: str) -> bool:
        """Put one small object in place of the one with that tag; return False where it is there no more."""

    def upload(self, folder: Address, files: Mapping[str, Path], on_done: OnDone) -> None:
        """Put files under `folder` by name, verified."""


def read_for(field: str, storage: Storage, address: Address, limit: int) -> bytes:
    """Return what a field of the spec names, a small object; InputNotFoundError names the field too."""
    try:
        return storage.read(address, limit)
    except InputNotFoundError as error:
        raise InputNotFoundError(f"{field}: {error}") from None
