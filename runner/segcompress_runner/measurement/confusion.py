"""From predicted and true class ids to a confusion matrix, and from that to PaddleSeg's figures.

Pure arithmetic on integers, so that batches, workers and their order cannot change a figure.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_IDS = 256
"""Masks are 8 bits deep, so a pair of ids is one number below 256 * 256."""


def count(
    label: NDArray[np.integer[Any]], predicted: NDArray[np.integer[Any]], classes: int, ignored: int
) -> NDArray[np.int64]:
    """Return the classes x classes matrix of pixels: row the true class, column the predicted one.

    Pixels whose label is `ignored` count nowhere. Every other label and every prediction must be an id from
    0 to classes - 1, else ValueError.
    """
    _check_range(label, "label", _IDS)
    _check_range(predicted, "prediction", classes)
    pair = label.astype(np.uint16) * np.uint16(_IDS) + predicted.astype(np.uint16)
    pairs = np.bincount(pair.ravel(), minlength=_IDS * _IDS).reshape(_IDS, _IDS)
    pairs[ignored] = 0
    if pairs[classes:].any():
        found = int(np.flatnonzero(pairs.any(axis=1)).max())
        raise ValueError(f"a label holds class id {found}; ids go from 0 to {classes - 1}")
    return pairs[:classes, :classes].astype(np.int64)


def class_iou(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return each class's intersection over union; 0 where neither labels nor predictions hold the class.

    The 0 is upstream's choice (paddleseg 2.8.0, utils/metrics.py, mean_iou), and its mean includes it.
    """
    return iou(np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0))


def iou(
    common: NDArray[np.int64], first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return intersections over unions, from what two sets have in common and what is in each of them.

    0 where both are empty.
    """
    shares: NDArray[np.float64] = common / np.maximum(first + second - common, 1)
    return shares


def accuracy(confusion: NDArray[np.int64]) -> float:
    """Return the share of pixels that are predicted right; 0 where no pixel counts."""
    total = int(confusion.sum())
    return int(np.trace(confusion)) / total if total else 0.0


def likeliest(planes: Iterable[NDArray[np.floating[Any]]]) -> NDArray[np.uint8]:
    """Return the class of the highest score, the lower id where two are equal; a plane holds one class.

    One pass a class over whole planes: numpy's argmax along the first axis takes several times as long.
    """
    scores = iter(planes)
    best = next(scores).copy()
    ids = np.zeros(best.shape, np.uint8)
    for index, plane in enumerate(scores, 1):
        np.copyto(ids, np.uint8(index), where=plane > best)
        np.maximum(best, plane, out=best)
    return ids


def _check_range(ids: NDArray[np.integer[Any]], name: str, end: int) -> None:
    if ids.size and not (ids.min() >= 0 and ids.max() < end):
        outside = int(ids.max()) if ids.max() >= end else int(ids.min())
        raise ValueError(f"a {name} holds class id {outside}; ids go from 0 to {end - 1}")
