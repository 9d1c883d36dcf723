"""A teacher that computes what the next batch is taught while this one is learnt from."""

from collections.abc import Sequence
from threading import Event
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from segcompress_runner.compression.quick_teacher import ahead

Values = NDArray[np.float32]
BATCHES = [np.full((1, 3, 2, 2), number, np.float32) for number in range(3)]


def doubled(batch: Values) -> Sequence[NDArray[Any]]:
    return [2 * batch]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_every_batch_comes_once_in_order_with_its_own_values(count: int) -> None:
    seen = list(ahead(BATCHES[:count], doubled))
    assert [int(batch.max()) for batch, _ in seen] == list(range(count))
    assert all((found == 2 * batch).all() for batch, (found,) in seen)


def test_values_are_computed_while_the_batch_before_is_in_use() -> None:
    started = [Event() for _ in BATCHES]

    def outputs(batch: Values) -> Sequence[NDArray[Any]]:
        started[int(batch.max())].set()
        return doubled(batch)

    taught = ahead(BATCHES, outputs)
    next(taught)
    assert started[1].wait(60)
    assert not started[2].is_set()
    taught.close()


def test_what_fails_fails_once_its_batch_is_due() -> None:
    def outputs(batch: Values) -> Sequence[NDArray[Any]]:
        if batch.max() == 1:
            raise MemoryError
        return doubled(batch)

    taught = ahead(BATCHES, outputs)
    assert next(taught)[0] is BATCHES[0]
    with pytest.raises(MemoryError):
        next(taught)
