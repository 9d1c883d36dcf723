"""file:// addresses: the same promises as an object store, on a folder of this machine."""

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from segcompress_runner.errors import (
    InputNotFoundError,
    InvalidInputError,
    InvalidSettingError,
    RunError,
    StorageAccessDeniedError,
    StorageUnreachableError,
    is_full,
)
from segcompress_runner.storage.address import Address, safe_join
from segcompress_runner.storage.protocol import Named, OnDone, Stat, Tagged


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class LocalStorage:
    """A folder on this machine. Inputs are used where they lie; writes are atomic renames."""

    def stat(self, folder: Address, files: Sequence[Named]) -> tuple[Stat, ...]:
        """Return size and SHA-256 of each file."""
        return tuple(self._stat(folder, file) for file in files)

    def _stat(self, folder: Address, file: Named) -> Stat:
        path = safe_join(folder.local, file.name)
        with _translated(file.at(folder)):
            return Stat(file, f"sha256:{sha256_of(path)}", path.stat().st_size)

    def fetch(self, folder: Address, files: Sequence[Stat], into: Path, on_done: OnDone) -> Path:
        """Return the folder itself: nothing is copied."""
        del into
        on_done(len(files))
        return folder.local

    def read(self, address: Address, limit: int) -> bytes:
        """Return a file's content."""
        with _translated(str(address)), address.local.open("rb") as file:
            content = file.read(limit + 1)
        if len(content) > limit:
            raise InvalidInputError(f"{address}: is over {limit} bytes, the limit for this file")
        return content

    def read_tagged(self, address: Address, limit: int) -> Tagged:
        """Return a file's content and its SHA-256."""
        content = self.read(address, limit)
        return Tagged(content, hashlib.sha256(content).hexdigest())

    def write(self, address: Address, content: bytes) -> None:
        """Replace a file in one step."""
        with _translated(str(address)):
            _replace(address.local, content)

    def reserve(self, folder: Address, note: str) -> None:
        """Make the folder, and a file in it for a moment."""
        with _translated(str(folder)), _written_beside(folder.local / "started.txt", note.encode()):
            pass

    def create(self, address: Address, content: bytes) -> bool:
        """Link a finished file into place: link(2) fails where the name is taken."""
        with _translated(str(address)), _written_beside(address.local, content) as temporary:
            try:
                os.link(temporary, address.local)
            except FileExistsError:
                return False
        return True

    def replace(self, address: Address, content: bytes, tag: str) -> bool:
        """Replace a file in one step; a lock on its folder keeps others from doing so in between."""
        with _translated(str(address)), _locked(address.local.parent):
            if not address.local.exists() or sha256_of(address.local) != tag:
                return False
            _replace(address.local, content)
        return True

    def upload(self, folder: Address, files: Mapping[str, Path], on_done: OnDone) -> None:
        """Copy files under `folder` by name, each in one step."""
        for done, (name, source) in enumerate(files.items(), 1):
            target = safe_join(folder.local, name)
            with _translated(str(folder / name)):
                _replace(target, source.read_bytes())
            on_done(done)


def _replace(target: Path, content: bytes) -> None:
    with _written_beside(target, content) as temporary:
        temporary.replace(target)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a lock on the folder itself: it leaves no file, and ends with the process."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _written_beside(target: Path, content: bytes) -> Iterator[Path]:
    """Write `content` to a temporary file beside `target`, which is removed in the end unless moved."""
    descriptor, name = _temporary(target)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), 0o644)  # mkstemp's 0600 would hide results from the user's own group
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _temporary(target: Path) -> tuple[int, str]:
    """Make a temporary file beside `target`, and its folder; return the file's descriptor and path."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except (FileNotFoundError, FileExistsError, NotADirectoryError) as error:
        # Such as below a file, or in /proc, which takes no files.
        raise InvalidSettingError(
            f"{target.parent}: nothing can be written there ({error.strerror}); name a folder that exists, "
            "or one that can be made"
        ) from None


@contextmanager
def _translated(address: str) -> Iterator[None]:
    try:
        yield
    except RunError:
        raise
    except FileNotFoundError:
        raise InputNotFoundError(f"{address} does not exist") from None
    except (IsADirectoryError, NotADirectoryError):
        raise InputNotFoundError(f"{address} is not a file") from None
    except PermissionError:
        raise StorageAccessDeniedError(f"{address}: permission denied") from None
    except OSError as error:
        if is_full(error):
            raise InvalidInputError(
                f"{address}: the disk is full ({error.strerror}); free space there, or name another folder "
                "in spec.output.uri"
            ) from None
        raise StorageUnreachableError(f"{address}: {error.strerror or error}") from None
