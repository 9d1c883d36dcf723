"""What the training script decides before Paddle is loaded: is the data sound, is anything left to do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from train_teacher import (
    Settings,
    check_dataset,
    describe_dataset,
    find_trained,
    identify,
    main,
    read_settings,
)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    root = tmp_path / "dataset"
    root.mkdir()
    for split in ("train", "val"):
        _write_pair(root, split, np.zeros((20, 30), np.uint8))
        (root / f"{split}.txt").write_text(f"{split}.jpg {split}.png\n")
    return root


def _write_pair(root: Path, name: str, label: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    cv2.imwrite(str(root / f"{name}.jpg"), np.zeros((20, 30, 3), np.uint8))
    cv2.imwrite(str(root / f"{name}.png"), label)


def _without_list(root: Path) -> None:
    (root / "val.txt").unlink()


def _without_picture(root: Path) -> None:
    (root / "train.jpg").unlink()


def _with_another_size(root: Path) -> None:
    _write_pair(root, "val", np.zeros((20, 31), np.uint8))


def _with_a_third_class(root: Path) -> None:
    _write_pair(root, "train", np.full((20, 30), 2, np.uint8))


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        pytest.param(_without_list, "val.txt", id="list missing"),
        pytest.param(_without_picture, "train.jpg", id="picture missing"),
        pytest.param(_with_another_size, "val.png", id="mask of another size"),
        pytest.param(_with_a_third_class, "class id 2", id="class id too high"),
    ],
)
def test_a_bad_dataset_ends_with_one_line_that_names_the_fault(
    spoil: Callable[[Path], None], named: str, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(dataset)
    assert main([str(dataset), str(dataset.parent / "out")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert named in error
    assert not (dataset.parent / "out").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--iterations", "0"], id="no iteration"),
        pytest.param(["--batch", "1"], id="too few pictures for batch normalisation"),
    ],
)
def test_impossible_arguments_end_with_exit_code_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read_settings(["dataset", "out", *arguments])
    assert ended.value.code == 2


def _settings(dataset: Path, *arguments: str) -> Settings:
    return read_settings([str(dataset), str(dataset.parent / "out"), *arguments])


def _identity(settings: Settings) -> dict[str, object]:
    return identify(settings, check_dataset(settings, describe_dataset(settings.dataset)))


def _finish(settings: Settings) -> None:
    """Leave what a training with these settings leaves."""
    settings.out.mkdir()
    (settings.out / "model.pdmodel").touch()
    (settings.out / "model.pdiparams").touch()
    (settings.out / "teacher.json").write_text(json.dumps({"miou": 0.5, **_identity(settings)}))


def test_a_teacher_of_the_same_data_and_settings_is_not_trained_again(
    dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _finish(_settings(dataset))
    assert main([str(dataset), str(dataset.parent / "out")]) == 0
    assert "holds it already, mIoU 0.5" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--iterations", "7"], id="more iterations"),
        pytest.param(["--seed", "1"], id="another seed"),
    ],
)
def test_a_teacher_of_other_settings_does_not_count(arguments: list[str], dataset: Path) -> None:
    _finish(_settings(dataset))
    settings = _settings(dataset, *arguments)
    assert find_trained(settings.out, _identity(settings)) is None


def test_a_teacher_of_other_pictures_does_not_count(dataset: Path) -> None:
    settings = _settings(dataset)
    _finish(settings)
    _write_pair(dataset, "train", np.ones((20, 30), np.uint8))
    assert find_trained(settings.out, _identity(settings)) is None


def test_half_a_teacher_does_not_count(dataset: Path) -> None:
    settings = _settings(dataset)
    _finish(settings)
    (settings.out / "model.pdiparams").unlink()
    assert find_trained(settings.out, _identity(settings)) is None


def test_a_broken_record_does_not_count(dataset: Path) -> None:
    settings = _settings(dataset)
    _finish(settings)
    (settings.out / "teacher.json").write_text("[1")
    assert find_trained(settings.out, _identity(settings)) is None
