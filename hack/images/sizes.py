"""What an image is made of, by package, read from its archive: works for every engine and needs none.

`sizes` are bytes of file contents; what a layer adds to them for its archive is not counted.
"""

from __future__ import annotations

import json
import tarfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SITE = PurePosixPath("app/.venv/lib/python3.11/site-packages")
WHITEOUT = ".wh."
# Folders of shared libraries and of modules whose name differs from the package that brings them.
OWNERS = {
    "cv2": "opencv-python-headless",
    "opencv_python_headless": "opencv-python-headless",
    "sklearn": "scikit-learn",
    "PIL": "pillow",
    "Crypto": "pycryptodome",
    "fontTools": "fonttools",
    "segcompress_api": "segcompress (our own)",
    "segcompress_operator": "segcompress (our own)",
    "segcompress_runner": "segcompress (our own)",
    "paddle": "paddlepaddle",
    "zmq": "pyzmq",
    "google": "protobuf",
}


@dataclass(frozen=True)
class Part:
    """One package's share of an image, in bytes; byte code is part of the total."""

    name: str
    total: int
    byte_code: int


def owner(path: PurePosixPath) -> str:
    """Return the name of the package that a file belongs to."""
    if path.is_relative_to(SITE):
        top = path.relative_to(SITE).parts[0]
        module = top.removesuffix(".libs").removesuffix(".py")
        return OWNERS.get(
            module, module.partition(".")[0] if "dist-info" not in top else "metadata of packages"
        )
    if "python3" in str(path):
        return "Python (Debian)"
    return "Debian"


def parts(files: Mapping[PurePosixPath, int]) -> tuple[Part, ...]:
    """Group files by package, largest first."""
    totals: dict[str, int] = defaultdict(int)
    byte_code: dict[str, int] = defaultdict(int)
    for path, size in files.items():
        name = owner(path)
        totals[name] += size
        if path.suffix == ".pyc":
            byte_code[name] += size
    grouped = (Part(name, total, byte_code[name]) for name, total in totals.items())
    return tuple(sorted(grouped, key=lambda part: (-part.total, part.name)))


def files_in(archive: Path) -> dict[PurePosixPath, int]:
    """Return path and size of every file of an image from its docker-archive, later deletions applied."""
    files: dict[PurePosixPath, int] = {}
    with tarfile.open(archive) as image:
        manifest = json.load(_content(image, "manifest.json"))
        for layer in manifest[0]["Layers"]:
            with tarfile.open(fileobj=_content(image, layer)) as content:
                apply_layer(files, content)
    return files


def apply_layer(files: dict[PurePosixPath, int], layer: Iterable[tarfile.TarInfo]) -> None:
    """Lay one layer over the files of those below it."""
    for member in layer:
        path = PurePosixPath(member.name.removeprefix("./"))
        if path.name.startswith(WHITEOUT):
            gone = path.parent / path.name.removeprefix(WHITEOUT)
            for known in [known for known in files if known.is_relative_to(gone)]:
                del files[known]
        elif member.isfile():
            files[path] = member.size


def table(name: str, archive: Path, *, rows: int = 16) -> str:
    """Return the image's largest parts as lines of text, in MB."""
    found = parts(files_in(archive))
    rest = found[rows:]
    shown = [*found[:rows], Part(f"{len(rest)} others", _total(rest), sum(part.byte_code for part in rest))]
    lines = [f"{name}: {_total(found) / 1e6:.0f} MB of files, archive {archive.stat().st_size / 1e6:.0f} MB"]
    lines += [f"  {'part':28}{'MB':>8}{'of it byte code':>18}"]
    lines += [f"  {part.name:28}{part.total / 1e6:8.1f}{part.byte_code / 1e6:18.1f}" for part in shown]
    return "\n".join(lines)


def _total(found: Iterable[Part]) -> int:
    return sum(part.total for part in found)


def _content(image: tarfile.TarFile, name: str) -> IO[bytes]:
    content = image.extractfile(name)
    if content is None:
        raise FileNotFoundError(name)
    return content
