"""What a run published: its manifest, and the files that the manifest names."""

import json
from dataclasses import dataclass
from typing import Any

from minio import Minio

from .conftest import read


@dataclass(frozen=True)
class PublishedFiles:
    """The files by their names in the manifest."""

    manifest: dict[str, Any]
    folder: str
    """Address of the folder that the paths in the manifest are relative to."""
    admin: Minio

    @property
    def by_name(self) -> dict[str, dict[str, Any]]:
        """What the manifest says of each file."""
        return {file["name"]: file for file in self.manifest["files"]}

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        return read(self.admin, f"{self.folder}/{self.by_name[name]['path']}")

    def result(self) -> Any:
        """Return the content of result.json."""
        return json.loads(self.read("result.json"))


def published_files(admin: Minio, manifest_uri: str) -> PublishedFiles:
    """Return what the manifest at an address names."""
    manifest = json.loads(read(admin, manifest_uri))
    return PublishedFiles(manifest, manifest_uri.partition("/measurements/")[0], admin)
