"""Which pictures make up which batch."""

import numpy as np

from segcompress_runner.compression.order import Order


def test_an_epoch_is_full_batches_of_different_pictures() -> None:
    batches = Order(pictures=50, batch_size=8, seed=1).epoch(0)
    assert [len(batch) for batch in batches] == [8] * 6
    assert len({index for batch in batches for index in batch}) == 48


def test_the_seed_and_the_epoch_decide_the_order() -> None:
    order = Order(40, 8, seed=1)
    assert order.epoch(3) == Order(40, 8, seed=1).epoch(3)
    assert order.epoch(3) != order.epoch(4)
    assert order.epoch(3) != Order(40, 8, seed=2).epoch(3)


def test_over_the_epochs_every_picture_is_seen() -> None:
    order = Order(13, 8, seed=0)
    seen = {index for number in range(10) for batch in order.epoch(number) for index in batch}
    assert seen == set(range(13))


def test_a_list_shorter_than_a_batch_is_repeated() -> None:
    order = Order(3, 8, seed=0)
    (batch,) = order.epoch(0)
    assert order.batches_per_epoch == 1
    assert len(batch) == 8
    assert set(np.bincount(batch)) == {2, 3}
