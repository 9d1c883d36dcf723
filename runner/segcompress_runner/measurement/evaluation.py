"""How well a model segments the validation pictures, counted exactly as PaddleSeg counts it, but in batches.

Upstream (paddleseg 2.8.0, core/val.py and core/infer.py) runs one picture at a time; here pictures of one
shape share a batch and are read ahead. Scores are resized to the mask's own size before the class is chosen,
by the same arithmetic whatever runtime made them, so that runtimes differ by their scores alone. What follows
the model works on some rows of a picture at a time, in threads: memory holds few scores at the mask's size.
"""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcompress_api.dataset import Dataset
from segcompress_runner.errors import InvalidInputError
from segcompress_runner.measurement import confusion, loading
from segcompress_runner.measurement.ahead import in_order
from segcompress_runner.measurement.loading import Picture, Source, batches, load
from segcompress_runner.measurement.model_output import checked_output
from segcompress_runner.measurement.resizing import Restored
from segcompress_runner.measurement.runtimes.session import Predict
from segcompress_runner.progress import Progress, Silent

__all__ = ["Observe", "Options", "Predict", "Scores", "evaluate"]


Observe = Callable[[Picture, NDArray[np.uint8]], None]
"""Takes a picture and its predicted class ids, H x W at its mask's size; called from any thread."""


MEMORY = 2**29
"""Bytes that pictures and scores of all batches at a time may take, where nobody says how many."""

_MOST = 16
"""Pictures of a batch, at most."""

_MOST_EACH = 2
"""The same where several predictors have a batch each: more save no time.

A predictor's first run at a shape takes memory for whatever the layers compute of the batch, and to be given
those pages takes nearly as long as to compute it.
"""

_PIXELS = 2**18
"""Pixels that one thread resizes and counts at a time: some planes of 1 MiB stay in its cache."""


@dataclass(frozen=True)
class Options:
    """How to evaluate; no option changes a figure but the rate.

    `workers` threads read and as many count; 0 reads in the caller's thread. `memory` bounds the batches of
    at most `batch_size` pictures, and `reading` what is read ahead, in bytes. As many threads as there are
    `predictors` call `predict`, each for a batch of its own; if there is one, it is the caller's. `observers`
    get the class ids that were predicted for each picture.
    """

    batch_size: int = _MOST
    workers: int = 1
    observers: tuple[Observe, ...] = ()
    memory: int = MEMORY
    reading: int = loading.MEMORY
    predictors: int = 1


def at_once(height: int, width: int, classes: int, memory: int = MEMORY, layers: int = 0) -> int:
    """Return how many pictures of that size memory holds while they are evaluated, at least 1.

    `layers` are the bytes that the model's layers compute of one: Paddle Inference with oneDNN keeps it all.
    """
    return max(memory // (_picture(height, width, classes) + layers), 1)


def batch_size(pictures: int, predictors: int = 1) -> int:
    """Return how many pictures share a batch if memory holds so many of them in all predictors together."""
    return min(max(pictures // predictors, 1), _MOST if predictors == 1 else _MOST_EACH)


def _picture(height: int, width: int, classes: int) -> int:
    """Return the bytes of a picture in an evaluation, apart from what is computed within the model.

    It takes its three planes three times (read, stacked, in the runtime) and its scores three times (in the
    runtime, on their way from a process, received), all float32.
    """
    return 4 * height * width * 3 * (3 + classes)


@dataclass(frozen=True)
class Scores:
    """PaddleSeg's figures over all pictures, 0 to 1, and the confusion matrix: row true, column predicted."""

    miou: float
    class_iou: tuple[float, ...]
    accuracy: float
    images: int
    confusion: tuple[tuple[int, ...], ...]
    images_per_second: float


def evaluate(
    predict: Predict,
    pictures: Source,
    dataset: Dataset,
    options: Options = Options(),
    progress: Progress | None = None,
) -> Scores:
    """Return the scores of a model over `pictures`; `progress.step` gets the pictures that are done.

    Raises InvalidInputError where the model's output does not fit dataset.numClasses or is missing for a
    picture, and its subclass OutputNotFiniteError where a score is NaN or infinite.
    """
    listener = progress or Silent()
    total = np.zeros((dataset.num_classes, dataset.num_classes), np.int64)
    started, done = time.perf_counter(), 0
    with closing(_counted(predict, pictures, dataset, options)) as counted:
        for matrix, size in counted:
            total += matrix
            done += size
            listener.step(done, images_per_second=done / (time.perf_counter() - started))
    if not done:
        raise InvalidInputError(f"spec.dataset.valList: {dataset.val_list} names no picture to evaluate on")
    return _scores(total, done, time.perf_counter() - started)


def _counted(
    predict: Predict, pictures: Source, dataset: Dataset, options: Options
) -> Generator[tuple[NDArray[np.int64], int], None, None]:
    """Yield the confusion matrix of each batch, and the number of its pictures."""

    def fit(ahead: Sequence[list[Picture]]) -> bool:
        taken = sum(_picture(*picture.size, dataset.num_classes) for batch in ahead for picture in batch)
        return taken <= options.memory and len(ahead) <= options.predictors + 1

    # Closed by name: an error's traceback would keep the threads that read, for as long as somebody has it.
    reading = closing(_batches(pictures, dataset.num_classes, options))
    with reading as batches, ThreadPoolExecutor(max(options.workers, 1), "count") as pool:
        count = _Counting(predict, pictures, dataset, options.observers, pool)
        if options.predictors == 1:
            yield from map(count, batches)
            return
        with ThreadPoolExecutor(options.predictors, "predict") as predicting:
            yield from in_order(predicting, count, batches, fit)


def _batches(pictures: Source, classes: int, options: Options) -> Generator[list[Picture], None, None]:
    def size(height: int, width: int) -> int:
        fitting = at_once(height, width, classes, options.memory)
        return min(batch_size(fitting, options.predictors), options.batch_size)

    return batches(load(pictures, options.workers, options.reading), size)


@dataclass(frozen=True)
class _Predicted:
    """A picture, its prediction, and room for the class ids in it at the mask's size."""

    picture: Picture
    restored: Restored
    ids: NDArray[np.uint8]

    def show(self, observers: Iterable[Observe]) -> None:
        """Let each observer see the class ids, once all rows have theirs."""
        for observe in observers:
            observe(self.picture, self.ids)


@dataclass(frozen=True)
class _Part:
    """Some rows of a picture."""

    whole: _Predicted
    rows: slice

    def count(self, dataset: Dataset) -> NDArray[np.int64]:
        """Fill in the class ids of these rows, and return their confusion matrix."""
        ids = self.whole.ids[self.rows]
        ids[:] = self.whole.restored.ids(self.rows)
        label = self.whole.picture.label[self.rows]
        return confusion.count(label, ids, dataset.num_classes, dataset.ignore_index)


@dataclass(frozen=True)
class _Counting:
    """Predicts a batch, counts it in the threads of `pool`, and shows it to the observers there."""

    predict: Predict
    pictures: Source
    dataset: Dataset
    observers: tuple[Observe, ...]
    pool: Executor

    def __call__(self, batch: list[Picture]) -> tuple[NDArray[np.int64], int]:
        """Return the batch's confusion matrix, and the number of its pictures."""
        predicted = self._predicted(batch)
        total = sum(self.pool.map(lambda part: part.count(self.dataset), _parts(predicted)))
        for _ in self.pool.map(lambda one: one.show(self.observers), predicted):
            pass
        return total, len(batch)

    def _predicted(self, batch: list[Picture]) -> tuple[_Predicted, ...]:
        output = self.predict(np.stack([picture.image for picture in batch]))
        predictions = checked_output(output, len(batch), self.dataset.num_classes)
        return tuple(_of_picture(*pair, self.pictures) for pair in zip(batch, predictions, strict=True))


def _of_picture(picture: Picture, prediction: NDArray[np.generic], pictures: Source) -> _Predicted:
    height, width = picture.label.shape
    restored = Restored(prediction, pictures.reversal(height, width))
    if restored.shape != picture.label.shape:
        raise InvalidInputError(
            f"validation picture {picture.index}: its prediction is {restored.shape[1]}x{restored.shape[0]} "
            f"and its mask {width}x{height} after valTransforms are undone; start valTransforms with a Resize"
        )
    return _Predicted(picture, restored, np.empty(picture.label.shape, np.uint8))


def _parts(predicted: Iterable[_Predicted]) -> Iterator[_Part]:
    for whole in predicted:
        height, width = whole.ids.shape
        rows = max(_PIXELS // width, 1)
        yield from (_Part(whole, slice(start, min(start + rows, height))) for start in range(0, height, rows))


def _scores(total: NDArray[np.int64], images: int, seconds: float) -> Scores:
    iou = confusion.class_iou(total)
    return Scores(
        miou=float(np.mean(iou)),
        class_iou=tuple(iou.tolist()),
        accuracy=confusion.accuracy(total),
        images=images,
        confusion=tuple(map(tuple, total.tolist())),
        images_per_second=images / seconds,
    )
