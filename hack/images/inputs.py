"""What an image is made of, as one digest: the same digest means that there is nothing to build.

Reads files, changes nothing. It must name every file that .dockerignore lets through for the target.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from images.settings import Image

SHARED_INPUTS = (
    ".dockerignore",
    "Dockerfile",
    "crds/segcompress_api",
    "hack/images/install-venv.sh",
    "pyproject.toml",
    "uv.lock",
)
OWN_INPUTS = {"operator": ("operator/segcompress_operator",), "runner": ("runner/segcompress_runner",)}


def input_paths(image: Image) -> tuple[str, ...]:
    """Return files and folders, relative to the project, that an image is made from."""
    return (*SHARED_INPUTS, *OWN_INPUTS[image.target])


def input_files(project: Path, paths: Iterable[str]) -> Iterator[Path]:
    """Yield the files below the paths in a fixed order, byte code left out."""
    for path in sorted(paths):
        if (project / path).is_dir():
            yield from _files_below(project / path)
        else:
            yield project / path


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        yield from (Path(parent) / name for name in sorted(names))


def inputs_digest(project: Path, image: Image, base: str) -> str:
    """Return 64 hex digits over names and contents of all inputs, the Paddle and the base's identity."""
    digest = hashlib.sha256(f"{image.name}\0{image.paddle}\0{base}\0".encode())
    for path in input_files(project, input_paths(image)):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(project)}\0{content}\0".encode())
    return digest.hexdigest()
