"""Which weights become zero: those of least magnitude, in each layer or over all of them.

Pure arithmetic on arrays. Upstream's threshold (`UnstructuredPruner._partition_sort`) keeps one weight too
many in every layer; here the share is met to the nearest weight.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[np.float32]]
Masks = dict[str, NDArray[np.float32]]


def masks_at_ratio(weights: Weights, ratio: float, *, local: bool) -> Masks:
    """Return masks (1 keeps, 0 zeroes; shapes of `weights`) that zero the share `ratio`.

    `local`: in every layer, at least one weight of each staying; otherwise over all layers at once.
    """
    if local:
        return {
            name: _keep_largest(value.ravel(), ratio).reshape(value.shape) for name, value in weights.items()
        }
    kept = _keep_largest(np.concatenate([value.ravel() for value in weights.values()]), ratio)
    ends = np.cumsum([value.size for value in weights.values()])[:-1]
    parts = np.split(kept, ends)
    return {name: part.reshape(weights[name].shape) for name, part in zip(weights, parts, strict=True)}


def _keep_largest(values: NDArray[np.float32], ratio: float) -> NDArray[np.float32]:
    """Return a flat mask; of equal magnitudes the first fall, so that ties are settled without chance."""
    magnitudes = np.abs(values)
    zeros = min(int(np.floor(ratio * values.size + 0.5)), values.size - 1)
    kept = np.ones(values.size, np.float32)
    if zeros == 0:
        return kept
    border = np.partition(magnitudes, zeros - 1)[zeros - 1]
    below = magnitudes < border
    kept[below] = 0.0
    kept[np.flatnonzero(magnitudes == border)[: zeros - int(below.sum())]] = 0.0
    return kept
