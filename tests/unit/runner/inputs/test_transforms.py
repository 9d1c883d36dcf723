from typing import Any

import pytest

from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.transforms import check_transforms

from .conftest import MakeDataset

Spelled = dict[str, Any]


@pytest.mark.parametrize(
    "transform",
    [
        pytest.param({"type": "Resize", "target_size": [192, 192]}, id="Resize"),
        pytest.param({"type": "RandomPaddingCrop", "crop_size": [192, 192]}, id="crop"),
        pytest.param({"type": "RandomDistort", "brightness_range": 0.4, "hue_range": 0}, id="distort"),
    ],
)
def test_known_transforms_pass(make_dataset: MakeDataset, transform: Spelled) -> None:
    check_transforms(make_dataset(trainTransforms=[transform, {"type": "Normalize"}]))


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        pytest.param(
            {"type": "RandomHorizontalFlips"},
            r"type: .*did you mean RandomHorizontalFlip\?",
            id="misspelt",
        ),
        pytest.param({"type": "Popen"}, r"type: .*known are: LimitLong", id="foreign"),
        pytest.param({"type": "Compose"}, r"type: ", id="no transform of a picture"),
        pytest.param(
            {"type": "Resize", "targetsize": [9, 9]},
            r"targetsize: .*did you mean target_size\?",
            id="argument",
        ),
        pytest.param(
            {"type": "ResizeByLong"},
            "long_size: is required by ResizeByLong",
            id="missing argument",
        ),
        pytest.param(
            {"type": "RandomPaddingCrop", "category_max_ratio": 0.7},
            "category_max_ratio: is broken in PaddleSeg 2.8.0",
            id="broken upstream",
        ),
    ],
)
def test_wrong_transform_names_the_right_one(
    make_dataset: MakeDataset, transform: Spelled, message: str
) -> None:
    with pytest.raises(InvalidSettingError, match=rf"^spec\.dataset\.trainTransforms\[0\]\.{message}"):
        check_transforms(make_dataset(trainTransforms=[transform]))


@pytest.mark.parametrize(
    "transform",
    [
        pytest.param({"type": "RandomHorizontalFlip"}, id="flip"),
        pytest.param({"type": "RandomPaddingCrop"}, id="crop"),
        pytest.param({"type": "ScalePadding"}, id="cannot be undone"),
        pytest.param({"type": "Resize", "interp": "RANDOM"}, id="random interpolation"),
        pytest.param({"type": "ResizeByShort", "short_size": [1, 2]}, id="random size"),
    ],
)
def test_evaluation_takes_only_what_can_be_undone(make_dataset: MakeDataset, transform: Spelled) -> None:
    with pytest.raises(InvalidSettingError, match=r"spec\.dataset\.valTransforms\[0\]"):
        check_transforms(make_dataset(valTransforms=[transform]))
