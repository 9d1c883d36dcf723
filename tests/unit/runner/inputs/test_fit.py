import numpy as np
import pytest

from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.fit import check_fit
from segcompress_runner.inputs.model import ModelInfo


def info(height: int, width: int) -> ModelInfo:
    return ModelInfo("x", (-1, 3, height, width), "out", (-1, 2, height, width), frozenset())


def images(*sizes: tuple[int, int]) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    return [np.zeros((3, *size), np.float32) for size in sizes]


def labelled(*sizes: tuple[int, int]) -> list[tuple[object, None, int]]:
    return [(image, None, index) for index, image in enumerate(images(*sizes))]


def test_fixed_model_takes_its_size() -> None:
    check_fit(info(192, 256), images((192, 256)), labelled((192, 256)))


def test_free_model_takes_validation_pictures_of_any_size() -> None:
    check_fit(info(-1, -1), images((64, 64), (64, 64)), labelled((100, 50), (50, 100)))


def test_training_pictures_must_fit_one_batch() -> None:
    with pytest.raises(InvalidSettingError, match=r"trainTransforms: give pictures of several sizes"):
        check_fit(info(-1, -1), images((64, 64), (64, 32)), labelled((64, 64)))


@pytest.mark.parametrize(
    ("train", "val", "field"),
    [
        pytest.param((64, 64), (192, 256), "trainTransforms", id="train"),
        pytest.param((192, 256), (64, 64), "valTransforms", id="val"),
    ],
)
def test_wrong_size_names_the_transforms_and_the_remedy(
    train: tuple[int, int], val: tuple[int, int], field: str
) -> None:
    message = rf"spec\.dataset\.{field}: .*64x64 .*192x256; put {{type: Resize, target_size: \[256, 192\]}}"
    with pytest.raises(InvalidSettingError, match=message):
        check_fit(info(192, 256), images(train), labelled(val))
