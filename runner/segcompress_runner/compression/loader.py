"""Feed the training: full batches, in an order that the seed alone decides, read by worker processes.

Processes, since PaddleSeg's transforms draw from the generators of their process. They are forked from a
server that has only imported what they need: in a fork of this process, a lock that one of Paddle's threads
held at that moment would stay locked for ever. Each has a connection of its own, so that whichever side ends,
the other one notices.
"""

import itertools
import multiprocessing
import signal
import traceback
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from multiprocessing import forkserver
from multiprocessing.connection import Connection

import numpy as np
from numpy.typing import NDArray

from segcompress_runner.compression.order import Order
from segcompress_runner.errors import RunError
from segcompress_runner.inputs.dataset import Pictures
from segcompress_runner.inputs.paddle_start import start_paddle

Batch = NDArray[np.float32]
Task = tuple[int, list[int]]
"""The epoch and the indices of one batch."""

_COPIES = 2
"""How often a batch that waits is held: as an array, and as the bytes that are being sent."""


def prepare(threads: int) -> None:
    """Start what workers are forked from, for a training on so many threads.

    It imports what they need, which takes seconds, while the caller does something else.
    """
    if threads > 1:
        forkserver.set_forkserver_preload([__name__])
        forkserver.ensure_running()


def batches(pictures: Pictures, order: Order, threads: int, memory: int) -> Generator[Batch, None, None]:
    """Yield batches (N x 3 x H x W) without end, epoch after epoch; close it to end the workers.

    What was read ahead takes no more than `memory` bytes, but there is always one worker. Raises what reading
    a picture raises, when its batch is due.
    """
    tasks = _tasks(order)
    if threads == 1:
        yield from (_read(pictures, task) for task in tasks)
    prepare(threads)
    count = workers_for(threads, memory, pictures[0].nbytes * order.batch_size)
    with ExitStack() as stack:
        workers = [stack.enter_context(closing(_Worker(pictures))) for _ in range(count)]
        for worker, task in zip(workers, tasks, strict=False):
            worker.ask(task)
        for worker, task in zip(itertools.cycle(workers), tasks, strict=False):
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


class _Worker:
    """A process that reads batches, one whenever it is asked."""

    def __init__(self, pictures: Pictures) -> None:
        context = multiprocessing.get_context("forkserver")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, pictures), daemon=True)
        self._process.start()
        theirs.close()

    def ask(self, task: Task) -> None:
        """Have a batch read."""
        try:
            self._connection.send(task)
        except OSError:
            raise self._ended() from None

    def answer(self) -> Batch:
        """Wait for the batch, or raise what reading it raised."""
        try:
            answer = self._connection.recv()
        except (OSError, EOFError):
            raise self._ended() from None
        if isinstance(answer, Exception):
            raise answer
        batch: Batch = answer
        return batch

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._connection.close()
        self._process.kill()
        self._process.join()

    def _ended(self) -> Exception:
        self._process.join()
        if self._process.exitcode == -signal.SIGKILL:
            return MemoryError("a process that reads pictures was killed")
        return RuntimeError(f"a process that reads pictures ended with exit code {self._process.exitcode}")


def _serve(connection: Connection, pictures: Pictures) -> None:
    """Read what is asked for, until the other side is gone."""
    start_paddle(_leave_interrupts)
    while True:
        try:
            connection.send(_answer(pictures, connection.recv()))
        except (OSError, EOFError):
            return


def _leave_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer.


def _answer(pictures: Pictures, task: Task) -> Batch | Exception:
    try:
        return _read(pictures, task)
    except RunError as error:
        return error
    except Exception as error:  # noqa: BLE001 - the other side raises it
        error.add_note(traceback.format_exc())
        return error
