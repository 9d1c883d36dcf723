"""Threads that work on what comes next, as far as it fits."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from segcompress_runner.measurement.ahead import in_order


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(3) as threads:
        yield threads


def everything(_: Sequence[int]) -> bool:
    return True


def test_results_come_in_the_items_order(pool: ThreadPoolExecutor) -> None:
    second = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            second.wait(timeout=30)
        elif item == 1:
            second.set()
        return -item

    assert list(in_order(pool, work, range(5), everything)) == [0, -1, -2, -3, -4]


@pytest.mark.parametrize("most", [0, 4, 9])
def test_no_more_is_begun_than_fits_but_always_one(pool: ThreadPoolExecutor, most: int) -> None:
    items = (3, 1, 9, 2, 2, 4)
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        return item

    taken = 0
    for number, result in enumerate(in_order(pool, work, items, lambda ahead: sum(ahead) <= most)):
        taken += result
        assert sum(begun) - taken <= max(most, *items[number : number + 2])
    assert begun == list(items)


def test_an_error_reaches_the_caller_and_what_is_left_is_cancelled() -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        if item == 1:
            raise ValueError("broken")
        return item

    with ThreadPoolExecutor(1) as pool, pytest.raises(ValueError, match="broken"):
        list(in_order(pool, work, range(100), lambda ahead: len(ahead) <= 2))
    assert len(begun) < 10
