"""The same work on many files, by a pool of threads."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from segcompress_runner.findings import Each, at_once

Item = TypeVar("Item")
Result = TypeVar("Result")

_SLICE = 256
"""Items that are begun at once: after a fault that ends a run, the rest of a list is left alone."""


def each_of(
    items: Sequence[Item], work: Callable[[Item], Result], threads: int, each: Each = at_once
) -> Iterator[tuple[Item, Result]]:
    """Yield each item with what `work` makes of it, in their order, without those that `each` noted."""
    with ThreadPoolExecutor(max_workers=max(threads, 1)) as pool:
        for start in range(0, len(items), _SLICE):
            part = items[start : start + _SLICE]
            futures = [pool.submit(work, item) for item in part]
            for item, future in zip(part, futures, strict=True):
                done: list[Result] = []
                with each():
                    done.append(future.result())
                for result in done:
                    yield item, result
