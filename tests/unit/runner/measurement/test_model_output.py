from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from segcompress_runner.errors import InvalidInputError
from segcompress_runner.measurement.model_output import OutputNotFiniteError, checked_output


def test_scores_pass_as_float32() -> None:
    scores = np.random.default_rng(0).random((2, 3, 4, 4))
    checked = checked_output(scores, 2, 3)
    assert checked.dtype == np.float32
    assert np.array_equal(checked, scores.astype(np.float32))


@pytest.mark.parametrize("shape", [(2, 4, 5), (2, 1, 4, 5)])
@pytest.mark.parametrize("kind", [np.int32, np.int64, np.uint8])
def test_ids_pass_with_one_channel(shape: tuple[int, ...], kind: type[np.integer[Any]]) -> None:
    checked = checked_output(np.ones(shape, kind), 2, 3)
    assert checked.shape == (2, 1, 4, 5)
    assert checked.dtype == np.int64


@pytest.mark.parametrize(
    ("output", "message"),
    [
        pytest.param(np.zeros((2, 5, 4, 4), np.float32), "5 classes .*numClasses is 3", id="classes"),
        pytest.param(np.zeros((2, 1, 4, 4), np.float32), "1 classes .*numClasses is 3", id="sigmoid"),
        pytest.param(np.zeros((2, 3), np.float32), r"shape \[2, 3\]", id="classifier"),
        pytest.param(np.zeros((2, 4, 4), np.float32), "float32 of shape", id="float-ids"),
        pytest.param(np.zeros((2, 2, 4, 4), np.int64), "int64 of shape", id="two-channels-of-ids"),
        pytest.param(np.zeros((1, 3, 4, 4), np.float32), "for 2 pictures", id="pictures-lost"),
        pytest.param(np.zeros((3, 4, 4), np.int32), "for 2 pictures", id="pictures-added"),
        pytest.param(np.full((2, 4, 4), 3, np.int32), "ids from 3 to 3 .*numClasses is 3", id="id-too-high"),
        pytest.param(np.full((2, 4, 4), -1, np.int32), "ids from -1 to -1", id="id-negative"),
    ],
)
def test_outputs_that_are_no_segmentation_are_refused(output: NDArray[Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        checked_output(output, 2, 3)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_scores_that_are_no_numbers_are_refused(value: float) -> None:
    scores = np.zeros((1, 2, 2, 2), np.float32)
    scores[0, 1, 0, 0] = value
    with pytest.raises(OutputNotFiniteError):
        checked_output(scores, 1, 2)
