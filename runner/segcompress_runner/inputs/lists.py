"""PaddleSeg list files: "image mask" lines, relative to the dataset's folder.

Parsing is pure and comes before any picture is fetched, so that exactly the named files are; no line may name
a file outside the folder. Imports no Paddle.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from unicodedata import category

from segcompress_api.dataset import Dataset, Format
from segcompress_runner.errors import InputNotFoundError, InvalidInputError
from segcompress_runner.findings import Each, at_once
from segcompress_runner.inputs.shards import SUFFIX, pairs, unpack

LIST_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Entry:
    """One line of a list: paths relative to the dataset's folder, and where they were read."""

    image: str
    mask: str
    origin: str
    """List and line, for messages: "train.txt line 7"."""

    @property
    def is_shard(self) -> bool:
        """Whether the line names one tar file, which then stands as image and mask, for all that it holds."""
        return self.image == self.mask


@dataclass(frozen=True)
class Sample:
    """A picture and its mask (or what it is drawn from) on this machine, in the dataset's folder `root`."""

    image: Path
    mask: Path
    origin: str = ""
    root: Path | None = None
    annotation: Path | None = None
    """What the mask was drawn from, if it was."""

    def named(self, path: Path) -> str:
        """Return how a message names one of the two: relative to the dataset, with list and line.

        A mask that was drawn goes by its annotation's name.
        """
        if path == self.mask and self.annotation is not None:
            path = self.annotation
        name = str(path.relative_to(self.root) if self.root else path)
        return f"{name} ({self.origin})" if self.origin else name

    @property
    def image_name(self) -> str:
        """The picture's path as the list has it."""
        return (self.image.relative_to(self.root) if self.root else self.image).as_posix()


@dataclass(frozen=True)
class Lists:
    """The two lists of a dataset, in their order."""

    train: tuple[Sample, ...]
    val: tuple[Sample, ...]


def parse_list(content: bytes, name: str) -> tuple[Entry, ...]:
    """Return the entries of the list file `name`; raises InvalidInputError naming the line."""
    if len(content) > LIST_BYTES:
        raise InvalidInputError(f"{name}: is larger than {LIST_BYTES >> 20} MiB, the limit for a list file")
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InvalidInputError(f'{name}: must be UTF-8 text of "image mask" lines') from None
    entries = tuple(
        _entry(line.strip(), f"{name} line {number}") for number, line in enumerate(lines, 1) if line.strip()
    )
    if not entries:
        raise InvalidInputError(f'{name}: is empty; it needs "image mask" lines')
    return entries


def read_list(root: Path, name: str) -> tuple[Entry, ...]:
    """Return the entries of the list file `name` under `root`; raises InputNotFoundError too."""
    try:
        with (root / name).open("rb") as file:
            return parse_list(file.read(LIST_BYTES + 1), name)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise InputNotFoundError(f"{root / name}: the list file does not exist") from None


@dataclass(frozen=True)
class Shards:
    """Where tar shards are unpacked, each into a folder of its own, and what lies beside their pictures."""

    into: Path
    form: Format


def read_lists(root: Path, dataset: Dataset, into: Path | None = None, *, training: bool = True) -> Lists:
    """Return the dataset's samples under `root`, those of shards unpacked `into`; every named file exists.

    Without `training` there are none to train on, and their files need not be here. Raises InputNotFoundError
    or InvalidInputError naming the list and the line.
    """
    shards = None if into is None else Shards(into, dataset.format)
    return Lists(
        train=samples(root, read_list(root, dataset.train_list), shards) if training else (),
        val=samples(root, read_list(root, dataset.val_list), shards),
    )


def _entry(line: str, origin: str) -> Entry:
    names = [part.strip() for part in line.split("\t")] if "\t" in line else line.split()
    if len(names) == 1 and names[0].endswith(SUFFIX):
        names *= 2
    if len(names) != 2:  # noqa: PLR2004 - an image and a mask
        raise InvalidInputError(
            f'{origin}: {line[:80]!r} is not an "image mask" pair: two paths, a space or a tab between, '
            "or the path of one tar file"
        )
    image, mask = (_relative(name, origin) for name in names)
    if image == mask and not image.endswith(SUFFIX):
        raise InvalidInputError(f"{origin}: {image} cannot be picture and annotation at once")
    return Entry(image, mask, origin)


def _relative(name: str, origin: str) -> str:
    """Return the path that `name` means inside the dataset's folder: "./a//b.png" is "a/b.png" everywhere."""
    path = PurePosixPath(name)
    odd = not name or "\\" in name or any(category(letter) == "Cc" for letter in name)
    if odd or path.is_absolute() or ".." in path.parts or not path.parts:
        raise InvalidInputError(f"{origin}: {name[:80]!r} is not a path inside the dataset's folder")
    return path.as_posix()


def samples(
    root: Path, entries: Iterable[Entry], shards: Shards | None, each: Each = at_once
) -> tuple[Sample, ...]:
    """Return the samples under `root` whose files exist; raises InputNotFoundError or InvalidInputError."""
    inside, found = root.resolve(), list[Sample]()
    for entry in entries:
        with each():
            for name in (entry.image, entry.mask):
                _check_file(root, inside, name, entry.origin)
            found += _of_shard(root, entry, shards) if entry.is_shard else [_of_files(root, entry)]
    return tuple(found)


def _of_files(root: Path, entry: Entry) -> Sample:
    return Sample(root / entry.image, root / entry.mask, entry.origin, root)


def _of_shard(root: Path, entry: Entry, shards: Shards | None) -> list[Sample]:
    if shards is None:
        raise InvalidInputError(f"{entry.origin}: tar files are not supported here; unpack {entry.image}")
    folder = shards.into / entry.image
    try:
        found = pairs(unpack(root / entry.image, folder), shards.form)
    except InvalidInputError as error:
        raise InvalidInputError(f"{entry.image} ({entry.origin}): {error}") from None
    origin = f"{entry.image}, {entry.origin}"
    return [Sample(folder / image, folder / mask, origin, folder) for image, mask in found]


def _check_file(root: Path, inside: Path, name: str, origin: str) -> None:
    path = root / name
    if not path.is_file():
        raise InputNotFoundError(f"{path} ({origin}) does not exist")
    if not path.resolve().is_relative_to(inside):
        raise InvalidInputError(f"{origin}: {name} leads out of the dataset's folder")
