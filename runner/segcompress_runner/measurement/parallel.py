"""A model that several processes run at the same time, each a batch of its own.

For runtimes that gain little from threads: Paddle's Predictor.run holds Python's interpreter lock, so that
nothing is read or counted meanwhile, and small convolutions leave little for several threads to do. The
pictures of a batch do not affect one another, so that scores are the same bit for bit.
"""

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcompress_runner.measurement.runtimes.session import Predict, Session, predictor
from segcompress_runner.workers import Worker

_PROCESS = 2**26
"""Bytes that a process takes for itself, rounded up: they share what their server has imported."""

_COPIES = 3
"""How many copies of a model's files it holds: as they are read, as weights, and as oneDNN arranges them."""

_ENOUGH = 32
"""With fewer pictures, starting processes takes longer than they save."""


@dataclass(frozen=True)
class Work:
    """An evaluation: its pictures, how many of them memory holds, and the bytes of the model's files."""

    pictures: int
    at_once: int
    model: int


def processes_for(work: Work, threads: int, memory: int) -> int:
    """Return how many processes evaluate best on so many threads; `memory` bounds what they take in bytes."""
    if work.pictures < _ENOUGH:
        return 1
    return max(1, min(threads, work.at_once, memory // (_PROCESS + _COPIES * work.model)))


class ParallelSession:
    """A session in each of several processes; close it to end them.

    As many threads may call `run` at the same time.
    """

    batch = None

    def __init__(self, open_session: Callable[[], Session], processes: int) -> None:
        """Open the model `processes` times; `open_session` is pickled. Raises what opening it raises."""
        opened = _Opened(open_session)
        self._free: SimpleQueue[Worker] = SimpleQueue()
        with ExitStack() as stack:
            workers = [
                stack.enter_context(closing(Worker(opened, "evaluates pictures"))) for _ in range(processes)
            ]
            for worker in workers:
                worker.ask(None)
            self.precision: str = {worker.answer() for worker in workers}.pop()
            self._opened = stack.pop_all()
        for worker in workers:
            self._free.put(worker)

    def run(self, x: NDArray[np.float32]) -> NDArray[Any]:
        """Return the model's output for x (N x C x H x W, float32), read-only."""
        worker = self._free.get()
        try:
            worker.ask(x)
            output: NDArray[Any] = worker.answer()
        finally:
            self._free.put(worker)
        return output

    def close(self) -> None:
        """End the processes."""
        self._opened.close()


class _Opened:
    """In a worker: opens the model at the first task, which is None, and runs it on the others."""

    def __init__(self, open_session: Callable[[], Session]) -> None:
        self._open = open_session
        self._predict: Predict | None = None

    def __call__(self, x: NDArray[np.float32] | None) -> NDArray[Any] | str:
        if self._predict is None or x is None:
            session = self._open()
            self._predict = predictor(session)
            return session.precision
        return self._predict(x)
