"""Our rows are those of Paddle's own kernel, bit for bit."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import paddle
import pytest
from numpy.typing import NDArray

from segcompress_runner.measurement.resizing import Restored

SIZES = [
    pytest.param((16, 32), (32, 64), id="doubled"),
    pytest.param((192, 192), (333, 511), id="odd"),
    pytest.param((100, 50), (33, 20), id="smaller"),
    pytest.param((7, 9), (100, 1), id="one-column"),
    pytest.param((1, 1), (5, 4), id="from-one-pixel"),
    pytest.param((512, 1024), (1024, 2048), id="cityscapes"),
]


@dataclass(frozen=True)
class To:
    kind: Literal["resize", "crop"]
    height: int
    width: int


def by_paddle(prediction: NDArray[Any], size: tuple[int, int], mode: str) -> Any:
    planes = paddle.to_tensor(prediction[np.newaxis].astype(np.float32), place=paddle.CPUPlace())
    return paddle.nn.functional.interpolate(planes, list(size), mode=mode).numpy()[0]


def in_slabs(restored: Restored, rows: int) -> NDArray[Any]:
    slabs = [slice(start, start + rows) for start in range(0, restored.shape[0], rows)]
    return np.concatenate([np.stack(list(restored.planes(slab))) for slab in slabs], axis=1)


@pytest.mark.parametrize(("old", "new"), SIZES)
def test_scores_are_scaled_as_paddle_does_it(old: tuple[int, int], new: tuple[int, int]) -> None:
    scores = np.random.default_rng(0).standard_normal((3, *old)).astype(np.float32)
    restored = Restored(scores, [To("resize", *new)])
    assert np.array_equal(in_slabs(restored, 13), by_paddle(scores, new, "bilinear"))


@pytest.mark.parametrize(("old", "new"), SIZES)
def test_ids_are_scaled_as_paddle_does_it(old: tuple[int, int], new: tuple[int, int]) -> None:
    ids = np.random.default_rng(0).integers(0, 256, (1, *old))
    restored = Restored(ids, [To("resize", *new)])
    assert np.array_equal(restored.ids(slice(None)), by_paddle(ids, new, "nearest")[0])


def test_padding_is_cut_off_wherever_it_was_added() -> None:
    scores = np.random.default_rng(0).standard_normal((3, 8, 8)).astype(np.float32)
    first = Restored(scores, [To("crop", 8, 6), To("resize", 20, 15)])
    assert np.array_equal(in_slabs(first, 3), by_paddle(scores[:, :, :6], (20, 15), "bilinear"))
    last = Restored(scores, [To("resize", 20, 20), To("crop", 20, 15)])
    assert np.array_equal(in_slabs(last, 3), by_paddle(scores, (20, 20), "bilinear")[:, :, :15])
