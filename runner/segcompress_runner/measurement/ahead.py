"""A stream of items that threads work on, with the results in the items' order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    pool: Executor,
    work: Callable[[Item], Result],
    items: Iterable[Item],
    fit: Callable[[Sequence[Item]], bool],
) -> Iterator[Result]:
    """Yield work(item) of each item in order, and let `pool` work on the next ones meanwhile.

    An item waits while it does not `fit` together with those whose results are not taken yet; alone it does.
    """
    ahead: deque[tuple[Item, Future[Result]]] = deque()
    try:
        for item in items:
            while ahead and not fit([*(other for other, _ in ahead), item]):
                yield ahead.popleft()[1].result()
            ahead.append((item, pool.submit(work, item)))
        while ahead:
            yield ahead.popleft()[1].result()
    finally:
        for _, future in ahead:
            future.cancel()
