"""Bring a run's inputs here: first what identifies them, then, if the run is new, their bytes.

Lists come first, so that exactly the files that they name are asked for. Imports no Paddle: a run that is
reused ends before that.
"""

import hashlib
import itertools
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from segcompress_api.act_settings import parse_act_file
from segcompress_api.errors import InvalidSpecError
from segcompress_api.job import JobSpec
from segcompress_runner.errors import InvalidInputError, InvalidSettingError
from segcompress_runner.inputs.lists import LIST_BYTES, Entry, parse_list
from segcompress_runner.inputs.safe_load import LIMIT, UnsafeYamlError, load_document
from segcompress_runner.inputs.shards import SUFFIX
from segcompress_runner.inputs.sources import FOLDER, JobModel, OnDone, Source
from segcompress_runner.run_key import InputDigests
from segcompress_runner.storage import Address, Named, Stat, Storage, parse_address, read_for, safe_join


@dataclass(frozen=True)
class Found:
    """A run's inputs, seen but not fetched; `lists` holds each list file's content by name, labelList too."""

    model: Source
    dataset_folder: Address
    lists: dict[str, bytes]
    training_pictures: int | None
    pictures: tuple[Stat, ...]
    measured_on: frozenset[str] = frozenset()
    """Names of the pictures and masks in the validation list."""

    @property
    def files(self) -> int:
        """Number of files to fetch."""
        return len(self.model.files) + len(self.pictures)

    def digests(self) -> InputDigests:
        """Return what identifies the inputs."""
        return InputDigests(
            model=self.model.digests(),
            lists={name: hashlib.sha256(content).hexdigest() for name, content in self.lists.items()},
            pictures=[(stat.file.name, stat.digest) for stat in self.pictures],
        )

    def for_measuring(self) -> "Found":
        """Return what measuring needs: without the pictures that are trained on alone."""
        needed = tuple(stat for stat in self.pictures if stat.file.name in self.measured_on)
        return replace(self, pictures=needed)


_DATASET = "dataset"


def with_strategy(spec: JobSpec, storage: Storage) -> JobSpec:
    """Return `spec` with the sections of its configUri, where it has one, in the strategy's place."""
    uri, field = spec.strategy.config_uri, "spec.strategy.configUri"
    if uri is None:
        return spec
    content = read_for(field, storage, parse_address(uri, field), LIMIT)
    try:
        strategy = parse_act_file(load_document(content), field)
    except UnsafeYamlError as error:
        raise InvalidSettingError(f"{uri} ({field}): {error}") from None
    except InvalidSpecError as error:
        raise InvalidSettingError(f"{error} (in {uri})") from None
    return spec.model_copy(update={"strategy": strategy})


@dataclass(frozen=True)
class Listed:
    """A dataset's list files: their content and their entries by name."""

    folder: Address
    lists: dict[str, bytes]
    entries: dict[str, tuple[Entry, ...]]

    def pictures(self, name: str) -> int | None:
        """Return the number of pictures in a list, None where it names shards."""
        entries = self.entries[name]
        return None if any(entry.is_shard for entry in entries) else len(entries)

    def names(self) -> tuple[Named, ...]:
        """Return every file that the lists name."""
        return _pictures(self.entries.values())


def find_inputs(spec: JobSpec, model: JobModel, storage: Storage) -> Found:
    """Read the lists and look up every file; raises InputNotFoundError naming the address."""
    listed = read_listed(spec, storage)
    return Found(
        model=model.source,
        dataset_folder=listed.folder,
        lists=listed.lists,
        training_pictures=listed.pictures(spec.dataset.train_list),
        pictures=storage.stat(listed.folder, listed.names()),
        measured_on=frozenset(file.name for file in _pictures([listed.entries[spec.dataset.val_list]])),
    )


def read_listed(spec: JobSpec, storage: Storage) -> Listed:
    """Read the list files; raises InvalidInputError naming the line."""
    dataset = spec.dataset
    folder = parse_address(dataset.uri, "spec.dataset.uri")
    lists = {
        name: read_for(field, storage, _list_at(folder, name), LIST_BYTES)
        for name, field in (
            (dataset.train_list, "spec.dataset.trainList"),
            (dataset.val_list, "spec.dataset.valList"),
        )
    }
    entries = {name: parse_list(content, name) for name, content in lists.items()}
    if dataset.label_list is not None:
        address = _list_at(folder, dataset.label_list)
        lists[dataset.label_list] = read_for("spec.dataset.labelList", storage, address, LIST_BYTES)
    return Listed(folder, lists, entries)


def check_space(found: Found, into: Path, volume: Path, limit: int | None) -> None:
    """Raise InvalidInputError where the files to fetch `into` are larger than what is left of `volume`.

    `limit` is the volume's own size in bytes, where one is known: the file system shows the node's.
    """
    into.mkdir(parents=True, exist_ok=True)
    needed = _missing(found.model.folder, found.model.files, into / FOLDER)
    needed += _missing(found.dataset_folder, found.pictures, into / _DATASET)
    free = shutil.disk_usage(into).free
    if limit is not None:
        free = min(free, max(0, limit - _taken(volume)))
    if needed > free:
        raise InvalidInputError(
            f"{found.dataset_folder}: the inputs take {needed >> 20} MiB and the scratch space has "
            f"{free >> 20} MiB; raise the chart's runner.scratch.work, or name fewer files in the lists"
        )


def _missing(folder: Address, stats: Iterable[Stat], into: Path) -> int:
    """Return the bytes of what is to be fetched and does not lie in `into`, and of unpacked shards."""
    unpacked = sum(stat.size for stat in stats if stat.file.name.endswith(SUFFIX))
    if folder.scheme == "file":
        return unpacked
    return unpacked + sum(stat.size for stat in stats if _size(into / stat.file.name) != stat.size)


def _taken(folder: Path) -> int:
    """Return the bytes of the files below `folder`."""
    return sum(_size(path) or 0 for path in folder.rglob("*"))


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def fetch_dataset(found: Found, storage: Storage, into: Path, on_done: OnDone) -> Path:
    """Fetch pictures and masks, after the model, and return their folder, lists included."""
    before = len(found.model.files)
    dataset = storage.fetch(
        found.dataset_folder, found.pictures, into / _DATASET, lambda done: on_done(before + done)
    )
    if found.dataset_folder.scheme != "file":
        _write_lists(found.lists, dataset)
    return dataset


def check_unchanged(found: Found, storage: Storage) -> None:
    """Raise InvalidInputError where a local file, which is used where it lies, is another than it was."""
    model, dataset = (found.model.folder, found.model.files), (found.dataset_folder, found.pictures)
    for folder, stats in (model, dataset):
        if folder.scheme != "file":
            continue
        for before, now in zip(stats, storage.stat(folder, [stat.file for stat in stats]), strict=True):
            if now.digest != before.digest:
                raise _changed(before.file.at(folder))
    if found.dataset_folder.scheme == "file":  # the lists were read again when the pictures were there
        for name, content in found.lists.items():
            if storage.read(_list_at(found.dataset_folder, name), LIST_BYTES) != content:
                raise _changed(f"{found.dataset_folder / name}")


def _changed(what: str) -> InvalidInputError:
    return InvalidInputError(
        f"{what} changed while the run went on, so its figures mix two versions of it; run again"
    )


def _list_at(folder: Address, name: str) -> Address:
    return folder / safe_join(Path(), name).as_posix()


def _pictures(lists: Iterable[Sequence[Entry]]) -> tuple[Named, ...]:
    """Return every named file once, in the lists' order."""
    origins: dict[str, str] = {}
    for entry in itertools.chain.from_iterable(lists):
        origins.setdefault(entry.image, entry.origin)
        origins.setdefault(entry.mask, entry.origin)
    return tuple(Named(name, origin) for name, origin in origins.items())


def _write_lists(lists: dict[str, bytes], root: Path) -> None:
    for name, content in lists.items():
        path = safe_join(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
