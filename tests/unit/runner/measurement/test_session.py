from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from segcompress_runner.measurement.runtimes.session import predictor


class Doubling:
    """A model of a fixed or free batch size."""

    precision = "f32"

    def __init__(self, batch: int | None) -> None:
        self.batch = batch
        self.sizes: list[int] = []

    def run(self, x: NDArray[np.float32]) -> NDArray[Any]:
        self.sizes.append(len(x))
        return x * 2


@pytest.mark.parametrize(
    ("batch", "sizes"),
    [(None, [5]), (1, [1] * 5), (2, [2] * 3), (5, [5]), (8, [8])],
)
def test_batches_of_any_length_run_in_parts_that_the_model_takes(batch: int | None, sizes: list[int]) -> None:
    model = Doubling(batch)
    x = np.arange(5 * 3, dtype=np.float32).reshape(5, 3, 1, 1)
    assert np.array_equal(predictor(model)(x), x * 2)
    assert model.sizes == sizes
