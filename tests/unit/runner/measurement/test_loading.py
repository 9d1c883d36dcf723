import random
import threading
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from segcompress_runner.measurement.loading import Picture, Reversal, batches, load


class Source:
    """Pictures whose value is their index; reading one seeds the global generators, as PaddleSeg needs it."""

    def __init__(self, count: int, broken: int | None = None) -> None:
        self.count, self.broken = count, broken
        self.threads: set[str] = set()
        self.started = 0

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.uint8], int]:
        self.threads.add(threading.current_thread().name)
        self.started += 1
        if index == self.broken:
            raise OSError("broken picture")
        random.seed(index)
        return np.full((3, 2, 2), index, np.float32), np.full((4, 4), index, np.uint8), index

    def reversal(self, height: int, width: int) -> Sequence[Reversal]:
        raise NotImplementedError


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_pictures_come_in_the_lists_order(workers: int) -> None:
    pictures = list(load(Source(20), workers))
    assert [picture.index for picture in pictures] == list(range(20))
    assert [picture.image[0, 0, 0] for picture in pictures] == list(range(20))


def test_workers_read_outside_the_callers_thread() -> None:
    source = Source(4)
    list(load(source, 2))
    assert threading.current_thread().name not in source.threads


def test_reading_leaves_the_global_generators_alone() -> None:
    before = random.getstate()
    list(load(Source(8), 3))
    assert random.getstate() == before


@pytest.mark.parametrize(
    ("memory", "most"),
    [
        pytest.param(1, 1, id="always-one"),
        pytest.param(3 * 480, 3, id="as-memory-allows"),
        pytest.param(2**30, 8, id="four-a-worker"),
    ],
)
def test_no_more_is_read_ahead_than_memory_allows(memory: int, most: int) -> None:
    """A picture of 3 x 2 x 2 with a mask of 4 x 4 takes 2 * (192 + 48) = 480 bytes while it is read."""
    source = Source(40)
    for number, _ in enumerate(load(source, 2, memory), 1):
        assert source.started - number <= most


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_of_a_picture_reaches_the_caller(workers: int) -> None:
    with pytest.raises(OSError, match="broken picture"):
        list(load(Source(8, broken=3), workers))


def test_a_caller_who_leaves_early_leaves_no_thread_behind() -> None:
    pictures = load(Source(100), 2)
    next(iter(pictures))
    assert isinstance(pictures, Iterator)
    del pictures
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("picture")]


def of_widths(*widths: int) -> list[Picture]:
    return [
        Picture(index, np.zeros((3, 1, width), np.float32), np.zeros((1, 1), np.uint8))
        for index, width in enumerate(widths)
    ]


def indices(pictures: list[Picture], size: int) -> list[list[int]]:
    return [[picture.index for picture in batch] for batch in batches(pictures, lambda *_: size)]


def test_equal_pictures_fill_batches_in_order() -> None:
    assert indices(of_widths(5, 5, 5, 5, 5), 2) == [[0, 1], [2, 3], [4]]


def test_pictures_of_several_shapes_wait_for_their_like() -> None:
    assert indices(of_widths(5, 6, 5, 6, 6), 2) == [[0, 2], [1, 3], [4]]


def test_few_pictures_wait_however_many_shapes_there_are() -> None:
    taken = 0

    def source() -> Iterator[Picture]:
        nonlocal taken
        for picture in of_widths(*range(1, 100)):
            taken += 1
            yield picture

    given = 0
    for batch in batches(source(), lambda *_: 2):
        assert taken - given <= 8
        given += len(batch)
    assert given == 99
