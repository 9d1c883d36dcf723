import hashlib
import io
from pathlib import Path

import cv2
import numpy as np
import pytest

from make_dataset import main, make_dataset

COUNTS = {"train": 6, "val": 3}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _made(tmp_path_factory.mktemp("dataset"), COUNTS, seed=0)


def _made(folder: Path, counts: dict[str, int], seed: int) -> Path:
    make_dataset(folder, counts, seed, io.StringIO())
    return folder


def _digests(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _pairs(folder: Path, split: str) -> list[tuple[Path, Path]]:
    lines = (folder / f"{split}.txt").read_text(encoding="utf-8").splitlines()
    return [(folder / image, folder / mask) for image, mask in (line.split(" ") for line in lines)]


def test_same_seed_gives_same_bytes(dataset: Path, tmp_path: Path) -> None:
    assert _digests(_made(tmp_path, COUNTS, seed=0)) == _digests(dataset)


def test_another_seed_gives_other_pictures(dataset: Path, tmp_path: Path) -> None:
    first, second = _digests(dataset), _digests(_made(tmp_path, COUNTS, seed=1))
    assert first.keys() == second.keys()
    assert all(first[name] != second[name] for name in first if name.endswith((".jpg", ".png")))


def test_validation_pictures_do_not_depend_on_how_many_are_trained_on(dataset: Path, tmp_path: Path) -> None:
    fewer = _digests(_made(tmp_path, {"train": 1, "val": 3}, seed=0))
    assert {name: digest for name, digest in _digests(dataset).items() if "val" in name} == {
        name: digest for name, digest in fewer.items() if "val" in name
    }


@pytest.mark.parametrize(("split", "count"), COUNTS.items())
def test_every_list_entry_exists_once(dataset: Path, split: str, count: int) -> None:
    pairs = _pairs(dataset, split)
    assert len(set(pairs)) == count
    assert all(path.is_file() for pair in pairs for path in pair)


def test_no_file_is_outside_the_lists(dataset: Path) -> None:
    listed = {path for split in COUNTS for pair in _pairs(dataset, split) for path in pair}
    assert {path for path in dataset.rglob("*.*") if path.suffix != ".txt"} == listed


@pytest.mark.parametrize("split", COUNTS)
def test_masks_are_8_bit_ids_of_their_pictures_size(dataset: Path, split: str) -> None:
    for image, mask in _pairs(dataset, split):
        picture, label = (
            cv2.imread(str(image), cv2.IMREAD_UNCHANGED),
            cv2.imread(str(mask), cv2.IMREAD_UNCHANGED),
        )
        assert label.dtype == np.uint8
        assert label.shape == picture.shape[:2]
        assert set(np.unique(label)) <= {0, 1}


def test_pictures_hold_persons_and_background(dataset: Path) -> None:
    masks = [
        cv2.imread(str(mask), cv2.IMREAD_UNCHANGED) for split in COUNTS for _, mask in _pairs(dataset, split)
    ]
    assert 0.03 < np.mean([mask.mean() for mask in masks]) < 0.6
    assert sum(mask.any() for mask in masks) >= len(masks) - 1


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--train", "0"], id="no picture to train on"),
        pytest.param(["--val", "-1"], id="negative count"),
        pytest.param(["--seed", "-1"], id="negative seed"),
    ],
)
def test_impossible_arguments_end_with_one_line(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "out"), *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_file_where_the_folder_should_be_ends_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("")
    assert main([str(tmp_path / "out"), "--train", "1", "--val", "1"]) == 2
    assert capsys.readouterr().err.startswith("error: cannot write the dataset to ")


def test_progress_ends_at_the_total(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--train", "2", "--val", "1"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("sample: 3/3 pictures")
