"""A small valid dataset, for tests that break one thing in it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segcompress_api.dataset import Dataset

MakeDataset = Callable[..., Dataset]


@pytest.fixture
def make_dataset() -> MakeDataset:
    def make(**changes: Any) -> Dataset:
        plain = {
            "uri": "file:///data/",
            "numClasses": 2,
            "trainTransforms": [{"type": "Normalize"}],
            "valTransforms": [{"type": "Normalize"}],
        }
        return Dataset.model_validate(plain | changes)

    return make


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Write two pictures with masks, and lists that name one each."""
    noise = np.random.default_rng(0).integers(0, 255, (20, 30, 3)).astype(np.uint8)
    for name in ("a", "b"):
        Image.fromarray(noise).save(tmp_path / f"{name}.jpg")
        mask = np.zeros((20, 30), np.uint8)
        mask[5:, 5:] = 1
        Image.fromarray(mask).save(tmp_path / f"{name}.png")
    (tmp_path / "train.txt").write_text("a.jpg a.png\n")
    (tmp_path / "val.txt").write_text("b.jpg b.png\n")
    return tmp_path
