"""Pictures from a list, read ahead by worker threads and put together in batches of one shape.

Threads, not processes: decoding and scaling run outside the interpreter lock, and a mask at its own size need
not pass from one process to another. Pictures come in the list's order, whatever the workers do.
"""

import random
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from segcompress_runner.measurement.ahead import in_order


@dataclass(frozen=True)
class Picture:
    """One validation picture: image 3 x H x W as the model wants it, label at its mask's own size."""

    index: int
    image: NDArray[np.float32]
    label: NDArray[np.uint8]

    @property
    def size(self) -> tuple[int, int]:
        """Return the image's height and width."""
        height, width = self.image.shape[1:]
        return height, width

    @property
    def reading(self) -> int:
        """Return about how many bytes reading takes: float32 planes, decoded and transformed, each twice.

        PaddleSeg's transforms copy; a mask has its picture's size.
        """
        return 2 * (3 * 4 * self.label.size + self.image.nbytes)


class Reversal(Protocol):
    """One step from a prediction back to its mask: resize, or crop from the top left, to height x width."""

    @property
    def kind(self) -> str:
        """Return "resize" or "crop"."""

    @property
    def height(self) -> int:
        """Return the height after the step."""

    @property
    def width(self) -> int:
        """Return the width after the step."""


class Source(Protocol):
    """What `inputs.dataset.Pictures` in mode val offers."""

    def __len__(self) -> int:
        """Return the number of pictures."""

    def __getitem__(self, index: int) -> Any:
        """Return (image, label, index)."""

    def reversal(self, height: int, width: int) -> Sequence[Reversal]:
        """Return the steps from a prediction back to a mask of that size."""


MEMORY = 2**28
"""Bytes that reading ahead may take, where nobody says how many."""

_MOST_AHEAD = 4
"""Pictures that are read ahead for each worker, where memory allows."""


def load(source: Source, workers: int, memory: int = MEMORY) -> Iterator[Picture]:
    """Yield every picture in order, read ahead by `workers` threads; 0 reads each when it is asked for.

    No more is read ahead than fits into `memory` bytes, by the largest picture so far, but always one.
    """
    if workers == 0:
        yield from (_read(source, index) for index in range(len(source)))
        return
    largest = 0

    def fit(ahead: Sequence[int]) -> bool:
        return len(ahead) <= _window(largest, workers, memory) + 1

    with _unchanged_generators(), ThreadPoolExecutor(workers, "picture") as pool:
        for picture in in_order(pool, partial(_read, source), range(len(source)), fit):
            largest = max(largest, picture.reading)
            yield picture


def _window(reading: int, workers: int, memory: int) -> int:
    """Return how many pictures to read ahead; one while nothing is known of their size."""
    fitting = memory // reading if reading else 1
    return min(max(fitting, 1), _MOST_AHEAD * workers)


def batches(
    pictures: Iterable[Picture], size: Callable[[int, int], int]
) -> Generator[list[Picture], None, None]:
    """Yield batches of up to size(height, width) pictures whose images have that one shape.

    Shapes that come up in turn wait for their like; of 4 * size waiting pictures the fullest batch goes.
    """
    waiting: dict[tuple[int, ...], list[Picture]] = {}
    for picture in pictures:
        same = waiting.setdefault(picture.image.shape, [])
        same.append(picture)
        most = size(*picture.size)
        crowded = sum(map(len, waiting.values())) >= 4 * most
        if len(same) == most:
            yield waiting.pop(picture.image.shape)
        elif crowded:
            yield waiting.pop(max(waiting, key=lambda shape: len(waiting[shape])))
    yield from waiting.values()


def _read(source: Source, index: int) -> Picture:
    image, label, _ = source[index]
    return Picture(index, image, label)


@contextmanager
def _unchanged_generators() -> Iterator[None]:
    """Restore the global random generators, which reading a picture saves and seeds for PaddleSeg's sake.

    Threads doing that at once may leave another's seed behind, and training must not depend on it.
    """
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002 - as PaddleSeg does
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002
