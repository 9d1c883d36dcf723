from pathlib import Path

import pytest

from segcompress_api.job import JobSpec
from segcompress_runner.errors import InvalidInputError
from segcompress_runner.inputs.fetch import (
    Found,
    check_space,
    check_unchanged,
    fetch_dataset,
    find_inputs,
)
from segcompress_runner.inputs.sources import JobModel, Source
from segcompress_runner.storage import Address, LocalStorage, Named, Stat, Storage

from .conftest import MakeDataset


def find(spec: JobSpec, storage: Storage) -> Found:
    return find_inputs(spec, JobModel(spec, storage, Path("never")), storage)


@pytest.fixture
def spec(root: Path, make_dataset: MakeDataset) -> JobSpec:
    for name in ("model.pdmodel", "model.pdiparams"):
        (root / name).write_bytes(name.encode())
    return JobSpec.model_validate(
        {
            "model": {"inference": {"uri": f"file://{root}/"}},
            "dataset": make_dataset(uri=f"file://{root}/").to_wire(),
            "strategy": {},
            "output": {"uri": "file:///out/"},
        }
    )


def test_exactly_the_named_files_are_found(root: Path, spec: JobSpec) -> None:
    (root / "unnamed.jpg").write_bytes(b"x")
    found = find(spec, LocalStorage())
    assert [name for name, _ in found.digests().pictures] == ["a.jpg", "a.png", "b.jpg", "b.png"]
    assert set(found.digests().lists) == {"train.txt", "val.txt"}
    assert found.files == 6


def test_measuring_needs_the_validation_pictures_alone(root: Path, spec: JobSpec) -> None:
    (root / "train.txt").write_text("a.jpg a.png\n")
    (root / "val.txt").write_text("b.jpg b.png\n")
    found = find(spec, LocalStorage())
    measuring = found.for_measuring()
    assert [stat.file.name for stat in found.pictures] == ["a.jpg", "a.png", "b.jpg", "b.png"]
    assert [stat.file.name for stat in measuring.pictures] == ["b.jpg", "b.png"]
    assert (measuring.model, measuring.lists) == (found.model, found.lists)


def test_local_inputs_are_used_where_they_lie(root: Path, spec: JobSpec, tmp_path: Path) -> None:
    storage, steps = LocalStorage(), list[int]()
    found = find(spec, storage)
    files = ("model.pdmodel", "model.pdiparams")
    assert found.model.fetched(storage, tmp_path / "work", steps.append) == tuple(
        root / name for name in files
    )
    assert fetch_dataset(found, storage, tmp_path / "work", steps.append) == root
    assert steps[-1] == 6


@pytest.mark.parametrize("name", ["train.txt", "val.txt", "model.pdiparams", "b.png"])
def test_input_that_changes_during_the_run_is_named(root: Path, spec: JobSpec, name: str) -> None:
    storage = LocalStorage()
    found = find(spec, storage)
    check_unchanged(found, storage)
    (root / name).write_bytes(b"another")
    with pytest.raises(InvalidInputError, match=rf"{name} .*changed while the run went on"):
        check_unchanged(found, storage)


def test_inputs_larger_than_the_volume_are_refused_with_both_figures(tmp_path: Path) -> None:
    folder = Address("s3", "bucket", "data")
    pictures = tuple(Stat(Named(f"{number}.jpg"), "etag:x", 2**20) for number in range(8))
    found = Found(Source(folder, ()), folder, {}, 8, pictures)
    check_space(found, tmp_path / "inputs", tmp_path, 8 * 2**20)
    with pytest.raises(InvalidInputError, match=r"take 8 MiB .* has 7 MiB; raise .* runner\.scratch\.work"):
        check_space(found, tmp_path / "inputs", tmp_path, 7 * 2**20)


def test_what_lies_in_the_volume_counts_against_its_limit(tmp_path: Path) -> None:
    folder = Address("s3", "bucket", "data")
    found = Found(Source(folder, ()), folder, {}, 1, (Stat(Named("a.jpg"), "etag:x", 2**20),))
    (tmp_path / "other").write_bytes(bytes(2**20))
    check_space(found, tmp_path / "inputs", tmp_path, 2 * 2**20)
    with pytest.raises(InvalidInputError, match="has 0 MiB"):
        check_space(found, tmp_path / "inputs", tmp_path, 2 * 2**20 - 1)


def test_inputs_that_are_here_already_need_no_space(tmp_path: Path) -> None:
    """What lies there with its size is not fetched again; a file of another size is, as a whole."""
    folder = Address("s3", "bucket", "data")
    pictures = tuple(Stat(Named(name), "etag:x", 2**20) for name in ("a.jpg", "b.jpg"))
    found = Found(Source(folder, ()), folder, {}, 1, pictures)
    (tmp_path / "inputs/dataset").mkdir(parents=True)
    (tmp_path / "inputs/dataset/a.jpg").write_bytes(bytes(2**20))
    (tmp_path / "inputs/dataset/b.jpg").write_bytes(bytes(2**20))
    check_space(found, tmp_path / "inputs", tmp_path, 2 * 2**20)
    (tmp_path / "inputs/dataset/b.jpg").write_bytes(bytes(2**19))
    check_space(found, tmp_path / "inputs", tmp_path, 2 * 2**20 + 2**19)
    with pytest.raises(InvalidInputError, match=r"take 1 MiB and the scratch space has 0 MiB"):
        check_space(found, tmp_path / "inputs", tmp_path, 2 * 2**20 + 2**19 - 1)
