"""PaddleSeg's own transforms, as pictures go through them."""

import inspect
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from paddleseg.cvlibs import manager

from segcompress_api.dataset import Transform
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.dataset import Pictures, Reverse
from segcompress_runner.inputs.lists import Sample, read_list
from segcompress_runner.inputs.transforms import SIGNATURES

from .conftest import write_dataset

NO_PICTURE = {"Compose", "GenerateInstanceTargets", "AddEdgeLabel"}


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    write_dataset(tmp_path / "data")
    root = tmp_path / "data"
    return [Sample(root / e.image, root / e.mask, e.origin, root) for e in read_list(root, "train.txt")]


def transforms(*given: dict[str, Any]) -> list[Transform]:
    return [Transform.model_validate(one) for one in given]


def test_table_of_transforms_is_paddlesegs() -> None:
    theirs = manager.TRANSFORMS.components_dict
    assert set(SIGNATURES) == set(theirs) - NO_PICTURE
    for name, signature in SIGNATURES.items():
        parameters = list(inspect.signature(theirs[name].__init__).parameters.values())[1:]
        assert signature.arguments == tuple(parameter.name for parameter in parameters), name
        required = tuple(p.name for p in parameters if p.default is inspect.Parameter.empty)
        assert signature.required == required, name


def test_augmentation_depends_on_seed_epoch_and_index_alone(samples: list[Sample]) -> None:
    augmented = transforms({"type": "RandomNoise", "prob": 1.0}, {"type": "RandomDistort"})
    pictures = Pictures(samples, augmented, mode="train", seed=3)
    first = pictures[0]
    random.seed(99)
    np.random.seed(99)  # noqa: NPY002 - as PaddleSeg's transforms do
    assert (pictures[0] == first).all()
    assert (Pictures(samples, augmented, mode="train", seed=3)[0] == first).all()
    assert (Pictures(samples, augmented, mode="train", seed=4)[0] != first).any()
    assert (pictures.read(0, epoch=1) != first).any()


def test_augmentation_leaves_the_process_generators_alone(samples: list[Sample]) -> None:
    pictures = Pictures(samples, transforms({"type": "RandomNoise", "prob": 1.0}), mode="train")
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    expected = random.random(), np.random.random()  # noqa: NPY002, S311
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    assert pictures[0].shape == (3, 40, 48)
    assert (random.random(), np.random.random()) == expected  # noqa: NPY002, S311


def test_validation_gives_label_at_its_own_size_and_the_way_back(samples: list[Sample]) -> None:
    steps = transforms(
        {"type": "ResizeByLong", "long_size": 32},
        {"type": "Padding", "target_size": [32, 32]},
        {"type": "Normalize"},
    )
    pictures = Pictures(samples, steps, mode="val")
    image, label, index = pictures[2]
    assert (image.shape, image.dtype) == ((3, 32, 32), np.float32)
    assert (label.shape, label.dtype, index) == ((40, 48), np.uint8, 2)
    assert pictures.reversal(40, 48) == (Reverse("crop", 27, 32), Reverse("resize", 40, 48))


def test_argument_of_a_wrong_kind_is_refused_by_its_place(samples: list[Sample]) -> None:
    with pytest.raises(
        InvalidSettingError, match=r"^spec\.dataset\.trainTransforms\[1\]: Resize refuses its"
    ):
        Pictures(
            samples, transforms({"type": "Normalize"}, {"type": "Resize", "target_size": 32}), mode="train"
        )
