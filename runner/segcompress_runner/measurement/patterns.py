"""Zeros in the patterns that runtimes with sparse kernels make use of. Pure arithmetic on arrays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def zeros_in_blocks(weight: NDArray[Any], height: int) -> int:
    """Return how many weights lie in blocks that are zero as a whole; every zero counts where `height` is 1.

    A block is `height` consecutive output channels (axis 0) at one place of the other axes; the last ones of
    a layer may have fewer.
    """
    if height == 1:
        return int(weight.size - np.count_nonzero(weight))
    zero = weight.reshape(len(weight), -1) == 0
    starts = np.arange(0, len(weight), height)
    heights = np.diff([*starts, len(weight)])
    whole = np.logical_and.reduceat(zero, starts, axis=0).sum(axis=1)
    return int(whole @ heights)
