"""Training pairs of the teacher: small pictures with their labels, as the network is shown them.

Whether a dataset is sound is decided by segcompress_runner.inputs; what comes here is known to be. It must
not import paddle, so that its tests run in seconds.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Rng = np.random.Generator

IGNORED = 255


@dataclass(frozen=True)
class Pair:
    """A picture (height × width × 3, red first) and the class id of each of its pixels."""

    picture: Bytes
    label: Bytes


def digest(paths: Iterable[Path]) -> str:
    """Return the SHA-256 over files in their order, by which a caller knows data that it has seen before."""
    total = hashlib.sha256()
    for path in paths:
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def resize(pair: Pair, size: int) -> Pair:
    """Return a pair of size × size pixels, as PaddleSeg's Resize makes it: linear, labels by nearest."""
    return Pair(
        cv2.resize(pair.picture, (size, size), interpolation=cv2.INTER_LINEAR),
        cv2.resize(pair.label, (size, size), interpolation=cv2.INTER_NEAREST),
    )


def augment(pair: Pair, size: int, rng: Rng) -> Pair:
    """Return a pair of size × size pixels, mirrored at every other look.

    Nothing bolder: in the few hundred iterations that a CPU has time for, crops and other light cost IoU.
    """
    if rng.integers(2):
        picture, label = (np.ascontiguousarray(pixels[:, ::-1]) for pixels in (pair.picture, pair.label))
        pair = Pair(picture, label)
    return resize(pair, size)


def as_input(pictures: list[Bytes]) -> npt.NDArray[np.float32]:
    """Return pictures of one size as n × 3 × height × width, −1..1, as PaddleSeg's Normalize leaves them."""
    stacked = np.stack(pictures).astype(np.float32)
    return np.ascontiguousarray((stacked / 127.5 - 1).transpose(0, 3, 1, 2))
