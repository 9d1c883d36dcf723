"""A published measurement as its reader finds it: by the address of its manifest, or of the folder."""

from dataclasses import dataclass
from pathlib import Path

from segcompress_runner.errors import InputNotFoundError
from segcompress_runner.outputs.manifests import (
    MANIFEST,
    ManifestFile,
    MeasurementManifest,
    Place,
    Stored,
    read_manifest,
)
from segcompress_runner.outputs.verified import fetch_verified
from segcompress_runner.storage import Address, Storage, parse_address

_REMEDY = "name the manifest.json of a finished run (status.artifacts.manifest.uri), or its folder"


@dataclass(frozen=True)
class Published:
    """A measurement's manifest, and where the files lie that it names."""

    place: Place
    manifest: MeasurementManifest
    stored: Stored

    def fetch_all(self, storage: Storage, into: Path) -> dict[str, Path]:
        """Bring every file here, verified; return them by name."""
        files = self.manifest.files
        paths = fetch_verified(storage, self.place, files, into)
        return {file.name: path for file, path in zip(files, paths, strict=True)}

    def fetch(self, storage: Storage, names: tuple[str, ...], into: Path) -> tuple[Path, ...]:
        """Bring files here, verified; raises InputNotFoundError where the manifest names no such file."""
        return fetch_verified(storage, self.place, [self._file(name) for name in names], into)

    def _file(self, name: str) -> ManifestFile:
        found = self.manifest.file(name)
        if found is None:
            raise InputNotFoundError(
                f"{self.stored.address}: names no {name}; it was published by another version of SegCompress"
            )
        return found


def result_address(text: str, name: str = "RESULT") -> Address:
    """Return the address that an argument of a command line means: s3://, file://, or a path."""
    if "://" in text:
        return parse_address(text, name)
    return Address("file", "", str(Path(text).resolve()))


def find_published(storage: Storage, result: Address) -> Published:
    """Return the measurement at `result`; raises InputNotFoundError, or InvalidInputError if it is none."""
    address = result if result.split()[1] == MANIFEST else result / MANIFEST
    found = read_manifest(storage, address, MeasurementManifest, _REMEDY)
    if found is None:
        raise InputNotFoundError(f"{address} does not exist; {_REMEDY}")
    manifest, stored = found
    return Published(_place(address, manifest), manifest, stored)


def _place(address: Address, manifest: MeasurementManifest) -> Place:
    """Return the place of a manifest that lies at `address`, in a bucket's layout or in that of --output."""
    folder, _ = address.split()
    measurements, key = folder.split()
    root, name = measurements.split()
    if (name, key) == ("measurements", manifest.measurement_key):
        return Place(root, manifest.attempt)
    return Place(folder, manifest.attempt, flat=True)
