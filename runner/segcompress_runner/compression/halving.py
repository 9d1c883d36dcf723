"""Which weights become zero for 2:4 sparsity: of each group of four along the inputs, the two least.

Pure arithmetic on arrays; `measurement.two_of_four` says what a group is.
"""

import numpy as np
from numpy.typing import NDArray

from segcompress_runner.measurement.two_of_four import GROUP, KEPT, grouped

_FALLS_FIRST = -1.0
"""What fills up a last group: no magnitude is less, so that its real weights fall last."""


def mask_two_of_four(weight: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Return a mask (1 keeps, 0 zeroes; shape of `weight`); of equal magnitudes the first fall."""
    magnitudes = grouped(np.abs(weight), axis, _FALLS_FIRST)
    falling = np.argsort(magnitudes, axis=-1, kind="stable")[..., : GROUP - KEPT]
    kept = np.ones(magnitudes.shape, np.float32)
    np.put_along_axis(kept, falling, 0.0, axis=-1)
    inputs = weight.shape[axis]
    flat = kept.reshape(*kept.shape[:-2], -1)[..., :inputs]
    return np.ascontiguousarray(np.moveaxis(flat, -1, axis))
