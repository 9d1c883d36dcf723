"""Feed the training: full batches, in an order that the seed alone decides, decoded by worker processes."""

import itertools
import shutil
import threading
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import paddle
from numpy.typing import NDArray

from segcompress_runner.compression.order import Order
from segcompress_runner.errors import RunError
from segcompress_runner.inputs.dataset import Pictures

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # where Linux keeps it; workers hand batches over there
_PREFETCH = 2
_FAULT_WAIT_S = 10.0
_IN_FLIGHT_BYTES = 2**30
"""What batches may take that were read and not trained on yet; more workers than that allows would wait."""
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
    if threads == 1:
        yield from _read_here(pictures, order)
        return
    sampler = _EpochBatches(order)
    batch_bytes = pictures[0].nbytes * order.batch_size
    workers = workers_for(threads, batch_bytes)
    loader = paddle.io.DataLoader(
        pictures,
        batch_sampler=sampler,
        places=paddle.CPUPlace(),
        collate_fn=_stack,
        num_workers=workers,
        prefetch_factor=_PREFETCH,
        use_shared_memory=_fits(batch_bytes, workers),
        persistent_workers=True,
    )
    try:
        with _ReaderFaults() as faults:
            for sampler.epoch in itertools.count():
                pictures.set_epoch(sampler.epoch)
                yield from _one_epoch(iter(loader), faults)
    finally:
        _end_workers(loader)


def _read_here(pictures: Pictures, order: Order) -> Iterator[Any]:
    """Read in this thread: Paddle's loader without workers waits for ever where a picture is faulty."""
    for epoch in itertools.count():
        pictures.set_epoch(epoch)
        for batch in order.epoch(epoch):
            yield _stack([pictures[index] for index in batch])[0]


def _one_epoch(iterator: Iterator[Any], faults: "_ReaderFaults") -> Iterator[Any]:
    while True:
        try:
            yield next(iterator)[0]
        except StopIteration:
            return
        except SystemError as error:  # "Blocking queue is killed", whatever happened to the reader
            raise faults.first() or error from None


class _ReaderFaults:
    """Keeps what ends Paddle's reader thread, which would only print it."""

    def __init__(self) -> None:
        self._fault: Exception | None = None
        self._came = threading.Event()
        self._hook: Any = None

    def __enter__(self) -> Self:
        self._hook, threading.excepthook = threading.excepthook, self._keep
        return self

    def __exit__(self, *_: object) -> None:
        threading.excepthook = self._hook

    def first(self) -> Exception | None:
        """Return the reader's first fault; it comes a moment after the queue is closed."""
        self._came.wait(_FAULT_WAIT_S)
        return self._fault

    def _keep(self, arguments: threading.ExceptHookArgs) -> None:
        if self._fault is None and isinstance(arguments.exc_value, Exception):
            self._fault = _as_told(arguments.exc_value)
            self._came.set()
        elif self._fault is None:
            self._hook(arguments)


def _as_told(error: Exception) -> Exception:
    """Return a worker's error with its sentence alone: it arrives with its traceback as the message."""
    if not isinstance(error, RunError):
        return error
    last = str(error).strip().splitlines()[-1]
    return type(error)(last.partition(f"{type(error).__name__}: ")[2] or last)


def _end_workers(loader: Any) -> None:
    """End the processes at once: left to the garbage collector they outlive the training."""
    iterator = getattr(loader, "_iterator", None)
    if iterator is not None:
        iterator._try_shutdown_all()  # noqa: SLF001  # what its __del__ does


def _stack(samples: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    return [np.stack(samples)]


def workers_for(threads: int, batch_bytes: int) -> int:
    """Return how many processes read: one for each thread, as far as their batches fit into memory."""
    return max(1, min(threads, _IN_FLIGHT_BYTES // (batch_bytes * _PREFETCH)))


def _fits(batch_bytes: int, workers: int) -> bool:
    """Return whether the batches in flight fit into /dev/shm; where not, they come through pipes."""
    if not _SHARED_MEMORY.is_dir():
        return False
    return shutil.disk_usage(_SHARED_MEMORY).free > batch_bytes * workers * _PREFETCH * _SPARE
