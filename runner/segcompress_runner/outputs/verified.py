"""Published files: looked up, fetched, and held against the sizes and digests that their manifest names."""

from collections.abc import Sequence
from pathlib import Path

from segcompress_runner.errors import InputNotFoundError, InvalidInputError
from segcompress_runner.outputs.manifests import ManifestFile, Place
from segcompress_runner.storage import Named, Stat, Storage
from segcompress_runner.storage.local import sha256_of


def fetch_verified(
    storage: Storage, place: Place, files: Sequence[ManifestFile], into: Path
) -> tuple[Path, ...]:
    """Bring the files here, in their order; raises InvalidInputError where one is not what was published."""
    stats = check_complete(storage, place, files)
    folder = storage.fetch(place.folder, stats, into, lambda _: None)
    for file in files:
        if sha256_of(folder / file.path) != file.sha256:
            raise _other_bytes(place, file)
    return tuple(folder / file.path for file in files)


def check_complete(storage: Storage, place: Place, files: Sequence[ManifestFile]) -> tuple[Stat, ...]:
    """Return what the storage says of the files; sizes, and SHA-256 if it tells one, must be as published."""
    try:
        stats = storage.stat(place.folder, [Named(file.path) for file in files])
    except InputNotFoundError as error:
        raise InputNotFoundError(f"{error}, though it was published; {place.remedy}") from None
    for file, stat in zip(files, stats, strict=True):
        if stat.size != file.size_bytes:
            raise InvalidInputError(
                f"{place.folder / file.path}: has {stat.size} bytes, but {file.size_bytes} were published; "
                f"{place.remedy}"
            )
        if stat.digest.startswith("sha256:") and stat.digest != f"sha256:{file.sha256}":
            raise _other_bytes(place, file)
    return stats


def _other_bytes(place: Place, file: ManifestFile) -> InvalidInputError:
    return InvalidInputError(
        f"{place.folder / file.path}: does not match its published SHA-256; {place.remedy}"
    )
