"""Which channels of a convolution matter least, by upstream's criteria. Pure arithmetic on arrays.

Source: paddleslim 2.6.0, prune/criterion.py.
"""

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
"""One for each output channel; the least goes first."""


def l1_norm(filters: NDArray[np.float32]) -> Scores:
    """Return the sum of each filter's magnitudes; `filters`: outputs first."""
    scores: Scores = np.abs(filters.reshape(len(filters), -1)).sum(axis=1, dtype=np.float64)
    return scores


def geometry_median(filters: NDArray[np.float32]) -> Scores:
    """Return each filter's distance to all others; `filters`: outputs first.

    The one that is nearest to the others says what they say already (He et al. 2019, arXiv 1811.00250).
    """
    flat = filters.reshape(len(filters), -1).astype(np.float64)
    return np.array([np.sqrt(((flat - one) ** 2).sum(axis=1)).sum() for one in flat])


def bn_scale(scales: NDArray[np.float32]) -> Scores:
    """Return the magnitude of each channel's scale in the batch norm behind the convolution."""
    return np.abs(scales.astype(np.float64))
