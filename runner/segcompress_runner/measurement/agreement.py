"""How many pixels two ways of running one model predict alike, in two passes over the pictures.

The first pass keeps each predicted label map, compressed, in one file; the second is compared with it. Memory
holds one map; Cityscapes' 500 validation maps of 2 MB take some 20 MB on disk.
"""

import zlib
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from segcompress_runner.measurement.evaluation import Observe
from segcompress_runner.measurement.loading import Picture

_FAST = 1


@dataclass
class Agreement:
    """Pixels that were compared, and those that differ."""

    pixels: int = 0
    differing: int = 0

    @property
    def differing_share(self) -> float:
        """Return the share of pixels that differ, 0 where none was compared."""
        return self.differing / self.pixels if self.pixels else 0.0


class LabelMaps:
    """The label maps of one model on disk at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[int, tuple[int, int]] = {}
        self._end = 0
        self._lock = Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")

    def keep(self, picture: Picture, ids: NDArray[np.uint8]) -> None:
        """Keep the map of one picture."""
        packed = zlib.compress(np.ascontiguousarray(ids).data, _FAST)
        with self._lock, self._path.open("ab") as file:
            file.write(packed)
            self._places[picture.index] = (self._end, len(packed))
            self._end += len(packed)

    def compare(self, into: Agreement) -> Observe:
        """Return an observer that compares maps with those that were kept and counts `into` its argument."""

        def observe(picture: Picture, ids: NDArray[np.uint8]) -> None:
            kept = self.read(picture.index, ids.shape)
            differing = int(np.count_nonzero(kept != ids))
            with self._lock:
                into.pixels += ids.size
                into.differing += differing

        return observe

    def read(self, index: int, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        """Return the map of a picture whose mask has that shape; raises KeyError where none was kept."""
        start, length = self._places[index]
        with self._path.open("rb") as file:
            file.seek(start)
            return np.frombuffer(zlib.decompress(file.read(length)), np.uint8).reshape(shape)
