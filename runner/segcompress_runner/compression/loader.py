"""Feed the training: full batches, in an order that the seed alone decides, decoded by worker processes."""

import itertools
import shutil
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray

from segcompress_runner.compression.order import Order
from segcompress_runner.errors import RunError
from segcompress_runner.inputs.dataset import Pictures

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # where Linux keeps it; workers hand batches over there
_PREFETCH = 2
_MOST_WORKERS = 4
_SPARE = 2
"""Share of /dev/shm that is asked for: twice what the batches in flight take."""


class _EpochBatches:
    """The batch sampler of one loader: yields the batches of the epoch that was set last."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self.epoch = 0

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self._order.epoch(self.epoch))

    def __len__(self) -> int:
        return self._order.batches_per_epoch


def batches(pictures: Pictures, order: Order, threads: int) -> Generator[Any, None, None]:
    """Yield batches (float32, N x 3 x H x W) without end, epoch after epoch; close it to end the workers."""
    sampler = _EpochBatches(order)
    workers = _workers(threads)
    loader = paddle.io.DataLoader(
        pictures,
        batch_sampler=sampler,
        places=paddle.CPUPlace(),
        collate_fn=_stack,
        num_workers=workers,
        prefetch_factor=_PREFETCH,
        use_shared_memory=workers > 0 and _fits(pictures[0].nbytes * order.batch_size, workers),
        persistent_workers=workers > 0,
    )
    try:
        for sampler.epoch in itertools.count():
            pictures.set_epoch(sampler.epoch)
            yield from _one_epoch(iter(loader))
    finally:
        _end_workers(loader)


def _one_epoch(iterator: Iterator[Any]) -> Iterator[Any]:
    while True:
        try:
            yield next(iterator)[0]
        except StopIteration:
            return
        except RunError as error:
            # A worker's exception arrives with its traceback as the message; its last line is ours.
            raise type(error)(
                str(error).strip().splitlines()[-1].partition("Error: ")[2] or str(error)
            ) from None


def _end_workers(loader: Any) -> None:
    """End the processes at once: left to the garbage collector they outlive the training."""
    iterator = getattr(loader, "_iterator", None)
    if iterator is not None:
        iterator._try_shutdown_all()  # noqa: SLF001  # what its __del__ does


def _stack(samples: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    return [np.stack(samples)]


def _workers(threads: int) -> int:
    return 0 if threads == 1 else min(threads, _MOST_WORKERS)


def _fits(batch_bytes: int, workers: int) -> bool:
    """Return whether the batches in flight fit into /dev/shm; where not, they come through pipes."""
    if not _SHARED_MEMORY.is_dir():
        return False
    return shutil.disk_usage(_SHARED_MEMORY).free > batch_bytes * workers * _PREFETCH * _SPARE
