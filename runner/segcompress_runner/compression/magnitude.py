"""Which weights become zero: those of least magnitude, in each layer or over all of them, alone or in blocks.

Pure arithmetic on arrays. Upstream's threshold (`UnstructuredPruner._partition_sort`) keeps one weight too
many in every layer; here the share is met to the nearest weight. Upstream ranks a block by the mean of its
signed weights (`cal_mxn_avg_matrix`), so that large weights of both signs look small; here magnitudes count.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[np.float32]]
Masks = dict[str, NDArray[np.float32]]


def masks_at_ratio(weights: Weights, ratio: float, *, local: bool, block: int = 1) -> Masks:
    """Return masks (1 keeps, 0 zeroes; shapes of `weights`) that zero the share `ratio`.

    `local`: in every layer, at least one weight of each staying; otherwise over all layers at once.
    `block`: so many consecutive output channels (axis 0) fall together, by their mean magnitude; the last
    ones of a layer may be fewer. At least the share falls then, and less than one block more.
    """
    if not local:
        return _masks(weights, ratio, block)
    return masks_at_ratios(weights, dict.fromkeys(weights, ratio), block=block)


def masks_at_ratios(weights: Weights, ratios: Mapping[str, float], *, block: int = 1) -> Masks:
    """Return masks as `masks_at_ratio` does with `local`, for a ratio of each layer."""
    parts = (_masks({name: value}, ratios[name], block) for name, value in weights.items())
    return {name: mask for part in parts for name, mask in part.items()}


def mask_by_scores(
    scores: NDArray[Any], shape: Sequence[int], ratio: float, *, block: int = 1
) -> NDArray[np.float32]:
    """Return a mask of `shape` that zeroes the share `ratio`: the least scores (blocks x inputs) fall."""
    heights = np.diff([*range(0, shape[0], block), shape[0]])
    if block == 1:
        kept = _keep_largest(scores.ravel(), ratio)
    else:
        kept = _keep_largest_blocks(scores.ravel(), np.repeat(heights, scores.shape[1]), ratio)
    return np.repeat(kept.reshape(scores.shape), heights, axis=0).reshape(shape)


def _masks(weights: Weights, ratio: float, block: int) -> Masks:
    """Return masks for layers that share one ranking."""
    scores = [_scores(value, block) for value in weights.values()]
    heights = [_heights(value, block) for value in weights.values()]
    if block == 1:
        kept = _keep_largest(_flat(scores), ratio)
    else:
        sizes = _flat([np.repeat(each, score.shape[1]) for each, score in zip(heights, scores, strict=True)])
        kept = _keep_largest_blocks(_flat(scores), sizes, ratio)
    ends = np.cumsum([score.size for score in scores])[:-1]
    return {
        name: np.repeat(part.reshape(score.shape), each, axis=0).reshape(value.shape)
        for (name, value), part, score, each in zip(
            weights.items(), np.split(kept, ends), scores, heights, strict=True
        )
    }


def _scores(weight: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """Return mean magnitudes: blocks of output channels x everything else."""
    magnitudes = np.abs(weight).reshape(len(weight), -1)
    if block == 1:
        return magnitudes
    starts = np.arange(0, len(weight), block)
    means: NDArray[np.float32] = (
        np.add.reduceat(magnitudes, starts, axis=0) / _heights(weight, block)[:, None]
    )
    return means


def _heights(weight: NDArray[np.float32], block: int) -> NDArray[np.int64]:
    """Return how many output channels each block has."""
    return np.diff([*range(0, len(weight), block), len(weight)])


def _flat(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate([array.ravel() for array in arrays])


def _keep_largest(magnitudes: NDArray[Any], ratio: float) -> NDArray[np.float32]:
    """Return a flat mask; of equal magnitudes the first fall, so that ties are settled without chance."""
    zeros = min(int(np.floor(ratio * magnitudes.size + 0.5)), magnitudes.size - 1)
    kept = np.ones(magnitudes.size, np.float32)
    if zeros == 0:
        return kept
    border = np.partition(magnitudes, zeros - 1)[zeros - 1]
    below = magnitudes < border
    kept[below] = 0.0
    kept[np.flatnonzero(magnitudes == border)[: zeros - int(below.sum())]] = 0.0
    return kept


def _keep_largest_blocks(scores: NDArray[Any], sizes: NDArray[np.int64], ratio: float) -> NDArray[np.float32]:
    """Return a flat mask of blocks that have `sizes` weights; ties as above."""
    zeros = int(np.floor(ratio * sizes.sum() + 0.5))
    order = np.argsort(scores, kind="stable")
    fallen_before = np.cumsum(sizes[order]) - sizes[order]
    kept = np.ones(scores.size, np.float32)
    kept[order[: min(int((fallen_before < zeros).sum()), scores.size - 1)]] = 0.0
    return kept
