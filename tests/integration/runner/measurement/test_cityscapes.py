"""Pictures of Cityscapes' size are evaluated within the memory that a runner requests by default."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
from numpy.typing import NDArray

from integration.runner.measurement import cityscapes
from integration.runner.measurement.tiny import Shape, tiny_model
from segcompress_runner.measurement.runtimes.paddle_inference import paddle_predictor

DEFAULT_REQUEST_MIB = 2048
THREADS = 8


@pytest.fixture(params=[6, pytest.param(16, marks=pytest.mark.large)], ids=lambda count: f"{count} pictures")
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    tiny_model(tmp_path, Shape(classes=cityscapes.CLASSES, size=cityscapes.SIZE))
    cityscapes.write_samples(tmp_path, request.param)
    return tmp_path


def one_by_one(folder: Path) -> NDArray[np.int64]:
    """Return the confusion matrix in the plainest way: whole pictures, Paddle's own resizing, argmax."""
    predict = paddle_predictor(cityscapes.model_files(folder))
    total = np.zeros(256 * cityscapes.CLASSES, np.int64)
    pictures = cityscapes.pictures(folder)
    for index in range(len(pictures)):
        image, label, _ = pictures[index]
        scores = paddle.to_tensor(predict(image[np.newaxis]), place=paddle.CPUPlace())
        scaled = paddle.nn.functional.interpolate(scores, list(label.shape), mode="bilinear")
        ids = paddle.argmax(scaled, axis=1).numpy()[0]
        pairs = label.astype(np.int64) * cityscapes.CLASSES + ids
        total += np.bincount(pairs.ravel(), minlength=len(total))
    return total.reshape(256, cityscapes.CLASSES)[: cityscapes.CLASSES]


@pytest.mark.parametrize("processes", [1, 3])
def test_cityscapes_fits_into_the_default_memory_request(folder: Path, processes: int) -> None:
    numbers = (str(THREADS), str(processes))
    ended = subprocess.run(
        [sys.executable, "-m", "integration.runner.measurement.cityscapes", str(folder), *numbers],
        capture_output=True,
        check=True,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    result: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    assert np.array_equal(result["confusion"], one_by_one(folder))
    assert result["peak_mib"] < DEFAULT_REQUEST_MIB
