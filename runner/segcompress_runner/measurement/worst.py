"""The validation pictures that a compressed model got worst on, found while it is evaluated.

Counting takes two comparisons of label maps for each picture; only the few that are shown are read again.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segcompress_runner.measurement.agreement import LabelMaps
from segcompress_runner.measurement.loading import Picture

SHOWN = 8
"""Pictures that are shown at most."""

SIDE = 384
"""Pixels of the longer side at which they are shown, at most."""


@dataclass(frozen=True)
class Wrong:
    """One picture: its pixels that count, and how many of them each model labels wrong."""

    index: int
    pixels: int
    baseline: int
    compressed: int

    @property
    def worsening(self) -> float:
        """Return the share of pixels that are wrong since the compression, below 0 where fewer are."""
        return (self.compressed - self.baseline) / max(self.pixels, 1)


@dataclass(frozen=True)
class Example:
    """A picture to be shown, reduced: image H x W x 3 (RGB), and three maps of class ids H x W, all uint8."""

    name: str
    wrong: Wrong
    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    baseline: NDArray[np.uint8]
    compressed: NDArray[np.uint8]


class Worst:
    """Observes the evaluation of the compressed model; `baseline` holds what the baseline predicted."""

    def __init__(self, baseline: LabelMaps, ignored: int) -> None:
        self._baseline = baseline
        self._ignored = ignored
        self._seen: list[Wrong] = []

    def observe(self, picture: Picture, ids: NDArray[np.uint8]) -> None:
        """Count the wrong pixels of one picture."""
        counted = picture.label != self._ignored
        before, after = (
            int(np.count_nonzero((one != picture.label) & counted))
            for one in (self._baseline.read(picture.index, ids.shape), ids)
        )
        self._seen.append(Wrong(picture.index, int(np.count_nonzero(counted)), before, after))

    def pictures(self, most: int = SHOWN) -> tuple[Wrong, ...]:
        """Return the pictures that got worst, the worst first."""
        return tuple(sorted(self._seen, key=lambda one: (-one.worsening, -one.compressed, one.index))[:most])


def example(name: str, wrong: Wrong, image: NDArray[Any], *maps: NDArray[np.uint8]) -> Example:
    """Return a picture and its maps (mask, baseline, compressed; all of one size) reduced to be shown."""
    height, width = maps[0].shape
    scale = min(SIDE / max(height, width), 1)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    photo = Image.fromarray(image.astype(np.uint8)).resize(size, Image.Resampling.BOX)
    reduced = [np.asarray(Image.fromarray(one).resize(size, Image.Resampling.NEAREST)) for one in maps]
    return Example(name, wrong, np.asarray(photo), *reduced)
