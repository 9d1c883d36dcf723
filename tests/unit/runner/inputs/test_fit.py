from dataclasses import replace
from pathlib import Path

import pytest

from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.fit import Fitted, Size, check_classes, check_fit, tried
from segcompress_runner.inputs.lists import Sample
from segcompress_runner.inputs.model import ModelInfo


def info(height: int, width: int) -> ModelInfo:
    return ModelInfo("x", (-1, 3, height, width), "out", (-1, 2, height, width), frozenset())


def fitted(*sizes: Size) -> list[Fitted]:
    return [Fitted(f"{number}.jpg", size) for number, size in enumerate(sizes)]


def test_fixed_model_takes_its_size() -> None:
    check_fit(info(192, 256), fitted((192, 256)), fitted((192, 256)))


def test_free_model_takes_validation_pictures_of_any_size() -> None:
    check_fit(info(-1, -1), fitted((64, 64), (64, 64)), fitted((100, 50), (50, 100)))


def test_scores_of_another_number_of_classes_are_refused() -> None:
    check_classes(info(64, 64), 2)
    with pytest.raises(InvalidSettingError, match=r"numClasses: is 3 and .* output out has 2 classes"):
        check_classes(info(64, 64), 3)


@pytest.mark.parametrize("shape", [(-1, 64, 64), (-1, 1, 64, 64), (-1, -1, 64, 64)])
def test_class_ids_do_not_tell_their_number(shape: tuple[int, ...]) -> None:
    check_classes(replace(info(64, 64), output_shape=shape), 3)


def test_training_pictures_that_do_not_fit_one_batch_are_named() -> None:
    message = r"trainTransforms: give 0\.jpg 64x64 .* and 1\.jpg 64x32; a batch takes one size"
    with pytest.raises(InvalidSettingError, match=message):
        check_fit(info(-1, -1), fitted((64, 64), (64, 32)), fitted((64, 64)))


@pytest.mark.parametrize(
    ("train", "val", "field"),
    [
        pytest.param((64, 64), (192, 256), "trainTransforms", id="train"),
        pytest.param((192, 256), (64, 64), "valTransforms", id="val"),
    ],
)
def test_wrong_size_names_picture_transforms_and_remedy(train: Size, val: Size, field: str) -> None:
    message = (
        rf"spec\.dataset\.{field}: give 0\.jpg 64x64 .*192x256; add "
        r"{type: Resize, target_size: \[256, 192\]}"
    )
    with pytest.raises(InvalidSettingError, match=message):
        check_fit(info(192, 256), fitted(train), fitted(val))


def test_every_size_is_tried_however_late_it_comes() -> None:
    samples = [Sample(Path(f"{number}.jpg"), Path(f"{number}.png")) for number in range(1000)]
    sizes = dict.fromkeys(samples, (20, 30)) | {samples[777]: (30, 20)}
    indices = tried(samples, sizes)
    assert 777 in indices
    assert len(indices) == 9


def test_one_picture_is_tried_once() -> None:
    sample = Sample(Path("a.jpg"), Path("a.png"))
    assert tried([sample], {sample: (20, 30)}) == [0]
