"""How well a model segments the validation pictures, counted exactly as PaddleSeg counts it, but in batches.

Upstream (paddleseg 2.8.0, core/val.py and core/infer.py) runs one picture at a time; here pictures of one
shape share a batch and are read ahead. Scores are resized to the mask's own size before the class is chosen,
by Paddle's own kernel on the CPU whatever runtime made them, so that runtimes differ by their scores alone.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcompress_api.job import Dataset
from segcompress_runner.errors import InvalidInputError
from segcompress_runner.measurement import confusion
from segcompress_runner.measurement.loading import Picture, Source, batches, load
from segcompress_runner.measurement.model_output import checked_output
from segcompress_runner.measurement.resizing import restored
from segcompress_runner.measurement.runtimes.session import Predict
from segcompress_runner.progress import Progress, Silent

__all__ = ["Observe", "Options", "Predict", "Scores", "evaluate"]


Observe = Callable[[int, NDArray[np.uint8]], None]
"""Takes a picture's index and its predicted class ids, H x W at its mask's size; called from any thread."""


@dataclass(frozen=True)
class Options:
    """How to evaluate; no option changes a figure but the rate. Workers 0 reads in the caller's thread.

    `observe` gets the class ids that were predicted for each picture.
    """

    batch_size: int = 16
    workers: int = 1
    observe: Observe | None = None


MEMORY = 2**29
"""Bytes that pictures and scores of one batch may take: a quarter of the chart's default memory request."""

_MOST = 16


def batch_size(height: int, width: int, classes: int) -> int:
    """Return how many pictures of that size to evaluate at once, whatever the training's batch is.

    A picture takes its three planes twice (read, stacked) and its scores twice, all float32.
    """
    picture = 4 * height * width * 2 * (3 + classes)
    return min(max(MEMORY // picture, 1), _MOST)


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

    Raises InvalidInputError where the model's output does not fit dataset.numClasses or is no prediction for
    each picture, and its subclass OutputNotFiniteError where a score is NaN or infinite.
    """
    listener = progress or Silent()
    total = np.zeros((dataset.num_classes, dataset.num_classes), np.int64)
    started, done = time.perf_counter(), 0
    for batch in batches(load(pictures, options.workers), options.batch_size):
        output = predict(np.stack([picture.image for picture in batch]))
        predictions = checked_output(output, len(batch), dataset.num_classes)
        for picture, prediction in zip(batch, predictions, strict=True):
            ids = _ids(picture, prediction, pictures)
            total += confusion.count(picture.label, ids, dataset.num_classes, dataset.ignore_index)
            if options.observe is not None:
                options.observe(picture.index, ids.astype(np.uint8))
        done += len(batch)
        listener.step(done, images_per_second=done / (time.perf_counter() - started))
    if not done:
        raise InvalidInputError(f"spec.dataset.valList: {dataset.val_list} names no picture to evaluate on")
    return _scores(total, done, time.perf_counter() - started)


def _ids(picture: Picture, prediction: NDArray[Any], pictures: Source) -> NDArray[np.int64]:
    height, width = picture.label.shape
    restored_ = restored(prediction, pictures.reversal(height, width))
    ids = restored_[0] if np.issubdtype(restored_.dtype, np.integer) else confusion.likeliest(restored_)
    if ids.shape != picture.label.shape:
        raise InvalidInputError(
            f"validation picture {picture.index}: its prediction is {ids.shape[1]}x{ids.shape[0]} and its "
            f"mask {width}x{height} after valTransforms are undone; start valTransforms with a Resize"
        )
    return ids


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
