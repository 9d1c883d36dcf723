"""Feed the training: full batches, in an order that the seed alone decides, read by worker processes.

Processes, since PaddleSeg's transforms draw from the generators of their process.
"""

import itertools
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from functools import partial

import numpy as np
from numpy.typing import NDArray

from segcompress_runner import workers
from segcompress_runner.compression.order import Order
from segcompress_runner.inputs.dataset import Pictures
from segcompress_runner.workers import Worker

Batch = NDArray[np.float32]
Task = tuple[int, list[int]]
"""The epoch and the indices of one batch."""

_COPIES = 2
"""How many copies of a batch there are while it is sent: in the process that read it, and here."""


def prepare(threads: int) -> None:
    """Start what workers are forked from, for a training on so many threads."""
    if threads > 1:
        workers.prepare()


def batches(pictures: Pictures, order: Order, threads: int, memory: int) -> Generator[Batch, None, None]:
    """Yield batches (N x 3 x H x W) without end, epoch after epoch; close it to end the workers.

    What was read ahead takes no more than `memory` bytes, but there is always one worker. Raises what reading
    a picture raises, when its batch is due.
    """
    tasks = _tasks(order)
    if threads == 1:
        yield from (_read(pictures, task) for task in tasks)
    count = workers_for(threads, memory, pictures[0].nbytes * order.batch_size)
    read = partial(_read, pictures)
    with ExitStack() as stack:
        readers = [stack.enter_context(closing(Worker(read, "reads pictures"))) for _ in range(count)]
        for worker, task in zip(readers, tasks, strict=False):
            worker.ask(task)
        for worker, task in zip(itertools.cycle(readers), tasks, strict=False):
            batch = worker.answer()
            worker.ask(task)
            yield batch


def workers_for(threads: int, memory: int, batch_bytes: int) -> int:
    """Return how many processes read: one for each thread, as far as their batches fit into memory."""
    return max(1, min(threads, memory // (batch_bytes * _COPIES)))


def _tasks(order: Order) -> Iterator[Task]:
    return ((epoch, indices) for epoch in itertools.count() for indices in order.epoch(epoch))


def _read(pictures: Pictures, task: Task) -> Batch:
    epoch, indices = task
    return np.stack([pictures.read(index, epoch) for index in indices])
