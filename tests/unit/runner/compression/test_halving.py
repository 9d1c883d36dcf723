"""2:4 sparsity: the two largest of every four weights along a layer's inputs stay."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from segcompress_runner.compression.halving import mask_two_of_four
from segcompress_runner.measurement.two_of_four import is_two_of_four


def row(*values: float) -> NDArray[np.float32]:
    """Return the weights of a 1x1 convolution with one output."""
    return np.array(values, np.float32).reshape(1, -1, 1, 1)


@pytest.mark.parametrize(
    ("weights", "kept"),
    [
        pytest.param((1, -4, 2, 3), [0, 1, 0, 1], id="the largest by magnitude"),
        pytest.param((1, 1, 1, 1), [0, 0, 1, 1], id="of equal ones the first fall"),
        pytest.param((9, 8, 7, 6, 1, 2, 3, 4), [1, 1, 0, 0, 0, 0, 1, 1], id="each group by itself"),
        pytest.param((9, 8, 7, 6, 1), [1, 1, 0, 0, 1], id="a last group of one keeps it"),
        pytest.param((9, 8, 7, 6, 1, 2), [1, 1, 0, 0, 1, 1], id="a last group of two keeps both"),
        pytest.param((9, 8, 7, 6, 0, 1, 2), [1, 1, 0, 0, 0, 1, 1], id="a last group of three loses one"),
    ],
)
def test_masks(weights: tuple[float, ...], kept: list[int]) -> None:
    assert mask_two_of_four(row(*weights), 1).ravel().tolist() == kept


def test_groups_run_along_the_inputs_at_each_place_of_the_kernel() -> None:
    weight = np.zeros((2, 4, 3, 3), np.float32)
    weight[1, :, 2, 0] = [4, 3, 2, 1]
    assert mask_two_of_four(weight, 1)[1, :, 2, 0].tolist() == [1, 1, 0, 0]


def test_a_matrix_is_grouped_along_its_rows() -> None:
    weight = np.array([[4, 1], [3, 2], [2, 3], [1, 4]], np.float32)
    assert mask_two_of_four(weight, 0).tolist() == [[1, 0], [1, 0], [0, 1], [0, 1]]


@pytest.mark.parametrize(
    ("weights", "fits"),
    [
        pytest.param((1, 2, 0, 0, 0, 0, 3, 4), True, id="two of each four"),
        pytest.param((0, 0, 1, 2, 3, 4, 0, 0), True, id="four in a row, in two groups"),
        pytest.param((0, 1, 2, 3, 0, 0, 0, 0), False, id="three in one group"),
        pytest.param((0, 0, 0, 0, 1, 2, 3), False, id="three in a last group"),
        pytest.param((0, 0, 0, 0, 1, 2), True, id="two in a last group"),
    ],
)
def test_what_has_the_pattern(weights: tuple[float, ...], *, fits: bool) -> None:
    assert is_two_of_four(row(*weights), 1) == fits


@given(shape=st.tuples(*[st.integers(1, 9)] * 2), axis=st.integers(0, 1), seed=st.integers(0, 99))
def test_what_is_masked_has_the_pattern_and_nothing_more_is_lost(
    shape: tuple[int, int], axis: int, seed: int
) -> None:
    weight = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    mask = mask_two_of_four(weight, axis)
    assert mask.shape == weight.shape
    assert is_two_of_four(weight * mask, axis)
    groups, rest = divmod(shape[axis], 4)
    assert mask.sum() == (2 * groups + min(rest, 2)) * shape[1 - axis]
