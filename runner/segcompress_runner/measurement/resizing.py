"""A prediction brought back to its mask's size, bit for bit as PaddleSeg does it, a few rows at a time.

Source: paddleseg 2.8.0, core/infer.py, reverse_transform: bilinear for scores, nearest for ids, padding cut
off. The arithmetic is that of Paddle 2.6.2's kernel for the CPU (phi/kernels/cpu/interpolate_kernel.cc,
align_corners false, align_mode 0), in its order of rounding. In numpy, because Paddle's kernel makes all rows
at once (159 MB of a Cityscapes picture's scores), on one thread, and not within a static graph.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcompress_runner.measurement.confusion import likeliest
from segcompress_runner.measurement.loading import Reversal


class Restored:
    """A C x H x W prediction (float32 scores, or ids with C = 1) after `steps`; safe to share by threads."""

    def __init__(self, prediction: NDArray[Any], steps: Sequence[Reversal] = ()) -> None:
        self._source = prediction
        self.shape: tuple[int, ...] = prediction.shape[1:]
        for step in steps:
            self._source = self._whole()
            if step.kind == "crop":
                self._source = self._source[:, : step.height, : step.width]
                self.shape = self._source.shape[1:]
            else:
                self.shape = (step.height, step.width)

    def ids(self, rows: slice) -> NDArray[np.uint8]:
        """Return the class ids of some rows: the likeliest where the prediction is scores."""
        if np.issubdtype(self._source.dtype, np.integer):
            return next(self.planes(rows)).astype(np.uint8, copy=False)
        return likeliest(self.planes(rows))

    def planes(self, rows: slice) -> Iterator[NDArray[Any]]:
        """Yield some rows of each plane."""
        if self.shape == self._source.shape[1:]:
            # Paddle's kernel returns its input then, too.
            return iter(self._source[:, rows])
        if np.issubdtype(self._source.dtype, np.integer):
            return _nearest(self._source, self.shape, rows)
        return _bilinear(self._source, self.shape, rows)

    def _whole(self) -> NDArray[Any]:
        if self.shape == self._source.shape[1:]:
            return self._source
        return np.stack(list(self.planes(slice(None))))


def _nearest(source: NDArray[Any], shape: tuple[int, ...], rows: slice) -> Iterator[NDArray[Any]]:
    down, across = (
        (_ratio(old, new) * np.arange(new, dtype=np.float32)).astype(np.int64)
        for old, new in zip(source.shape[1:], shape, strict=True)
    )
    for plane in source:
        yield plane[down[rows]].take(across, axis=1)


def _bilinear(source: NDArray[Any], shape: tuple[int, ...], rows: slice) -> Iterator[NDArray[Any]]:
    top, bottom, to_top, to_bottom = (part[rows] for part in _neighbours(source.shape[1], shape[0]))
    left, right, to_left, to_right = _neighbours(source.shape[2], shape[1])
    to_top, to_bottom = to_top[:, np.newaxis], to_bottom[:, np.newaxis]
    first, end = top[0], bottom[-1] + 1
    for plane in source[:, first:end]:
        west, east = plane.take(left, axis=1), plane.take(right, axis=1)
        scaled = west[top - first] * to_bottom * to_right
        scaled += west[bottom - first] * to_top * to_right
        scaled += east[top - first] * to_bottom * to_left
        scaled += east[bottom - first] * to_top * to_left
        yield scaled


def _neighbours(
    old: int, new: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Return for each new place the old places before and after it, and its distances from them."""
    half = np.float32(0.5)
    place = np.maximum(_ratio(old, new) * (np.arange(new, dtype=np.float32) + half) - half, np.float32(0))
    before = place.astype(np.int64)
    distance: NDArray[np.float32] = place - before.astype(np.float32)
    return before, np.minimum(before + 1, old - 1), distance, 1 - distance


def _ratio(old: int, new: int) -> np.float32:
    return np.float32(old) / np.float32(new) if new > 1 else np.float32(0)
