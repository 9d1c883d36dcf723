"""Tar shards, named as WebDataset names them: files that share a name up to its first dot are one sample.

A tar comes from a stranger: nothing is unpacked but plain files, below the shard's own folder, and no more
bytes than the tar itself has.
"""

import shutil
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from segcompress_api.dataset import Format
from segcompress_runner.errors import InvalidInputError

SUFFIX = ".tar"

_NAME = 255
"""Bytes of a file's name that Linux takes."""

_DEPTH = 8

_PICTURES = ("jpg", "jpeg", "webp", "bmp", "png")
_ANNOTATIONS: dict[Format, tuple[str, ...]] = {
    "PaddleSeg": ("mask.png", "png"),
    "Labelme": ("json",),
    "EISeg": ("json",),
}


def unpack(shard: Path, into: Path) -> tuple[str, ...]:
    """Unpack `shard` into a folder; return the paths below it, in the shard's order.

    Raises InvalidInputError naming the member at fault.
    """
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    try:
        with tarfile.open(shard, "r:") as tar:
            return tuple(_unpack_file(tar, member, into) for member in tar if not member.isdir())
    except tarfile.TarError as error:
        raise InvalidInputError(f"is not an uncompressed tar file, or truncated ({error})") from None


def pairs(names: Iterable[str], form: Format) -> tuple[tuple[str, str], ...]:
    """Return picture and annotation of each sample; raises InvalidInputError where one lacks the other."""
    samples: dict[str, dict[str, str]] = {}
    for name in names:
        key, suffix = _split(name)
        samples.setdefault(key, {})[suffix] = name
    found = [_pair(key, parts, form) for key, parts in samples.items() if set(parts) & _known(form)]
    if not found:
        raise InvalidInputError("holds no samples: pictures such as 0001.jpg beside 0001.png")
    return tuple(found)


def _unpack_file(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> str:
    path = PurePosixPath(member.name)
    if not _is_inside(path, member.name):
        raise InvalidInputError(f"holds {member.name[:80]!r}, which is not a path inside it")
    source = tar.extractfile(member) if member.isreg() and not member.issparse() else None
    if source is None:
        raise InvalidInputError(f"holds {member.name[:80]!r}, which is not a plain file")
    target = into / path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            shutil.copyfileobj(source, file)
    except (FileExistsError, NotADirectoryError):
        raise InvalidInputError(f"holds {member.name[:80]!r} twice") from None
    return path.as_posix()


def _is_inside(path: PurePosixPath, name: str) -> bool:
    short = len(path.parts) <= _DEPTH and all(
        len(part.encode(errors="replace")) <= _NAME for part in path.parts
    )
    plain = name.isprintable() and "\\" not in name
    return bool(path.parts) and short and plain and not path.is_absolute() and ".." not in path.parts


def _split(name: str) -> tuple[str, str]:
    path = PurePosixPath(name)
    stem, _, suffix = path.name.partition(".")
    return (path.parent / stem).as_posix(), suffix.lower()


def _known(form: Format) -> set[str]:
    return {*_PICTURES, *_ANNOTATIONS[form]}


def _pair(key: str, parts: dict[str, str], form: Format) -> tuple[str, str]:
    annotation = _first(parts, _ANNOTATIONS[form])
    picture = _first({suffix: name for suffix, name in parts.items() if name != annotation}, _PICTURES)
    if picture is None or annotation is None:
        wanted = _PICTURES if picture is None else _ANNOTATIONS[form]
        lacking = " or ".join(f"{PurePosixPath(key).name}.{suffix}" for suffix in wanted)
        raise InvalidInputError(f"holds {next(iter(parts.values()))[:80]!r} without {lacking}")
    return picture, annotation


def _first(parts: dict[str, str], suffixes: Sequence[str]) -> str | None:
    return next((parts[suffix] for suffix in suffixes if suffix in parts), None)
