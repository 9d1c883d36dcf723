"""How large a value int8 must reach, told from the magnitudes that a layer was seen to compute.

The names are those of PaddleSlim's QuantPost. What a threshold minimises is found over all pictures at
once: upstream's `mse` keeps whichever threshold fitted a single batch best. Pure arithmetic.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 2048
_LEVELS = 127
_LEAST = 1e-8
"""A scale is divided by: a layer that computes zeros alone gets this one."""

_CANDIDATES = np.arange(0.3, 1.001, 0.02)
"""Shares of the largest magnitude that `mse` tries, as upstream does."""


class Magnitudes:
    """A histogram of absolute values, whose range doubles where it must, and the peak of each picture."""

    def __init__(self) -> None:
        self.counts = np.zeros(BINS, np.int64)
        self.top = 0.0
        """The upper end of the last bin."""
        self.peaks: list[float] = []

    @property
    def peak(self) -> float:
        """Return the largest magnitude."""
        return max(self.peaks)

    def add(self, values: NDArray[Any]) -> None:
        """Count what a layer computed for a batch (N x …)."""
        found = np.abs(values, dtype=np.float32).reshape(len(values), -1)
        self.peaks.extend(float(peak) for peak in found.max(axis=1))
        self._widen(float(found.max()))
        places = np.minimum((found.ravel() * (BINS / self.top)).astype(np.int32), BINS - 1)
        self.counts += np.bincount(places, minlength=BINS)

    def _widen(self, peak: float) -> None:
        if self.top == 0:
            self.top = max(peak, _LEAST)
        while self.top < peak:
            self.top *= 2
            self.counts = np.concatenate(
                [self.counts.reshape(-1, 2).sum(axis=1), np.zeros(BINS // 2, np.int64)]
            )


def threshold(magnitudes: Magnitudes, algo: str, hist_percent: float | None = None) -> float:
    """Return the magnitude of the largest code; `hist_percent` is the share that `hist` keeps."""
    found = _ALGORITHMS[algo](magnitudes) if hist_percent is None else _hist(magnitudes, hist_percent)
    return max(found, _LEAST)


def _hist(magnitudes: Magnitudes, share: float) -> float:
    """Return the middle of the bin below which at least that share of all values lies."""
    below = np.cumsum(magnitudes.counts)
    index = int(np.searchsorted(below, share * below[-1]))
    return (index + 0.5) * magnitudes.top / BINS


def _avg(magnitudes: Magnitudes) -> float:
    """Return the mean of the pictures' largest magnitudes."""
    return float(np.mean(magnitudes.peaks))


def _mse(magnitudes: Magnitudes) -> float:
    """Return the threshold with the least squared error, of all values taken as the middle of their bin."""
    values = (np.arange(BINS) + 0.5) * (magnitudes.top / BINS)
    candidates = _CANDIDATES * magnitudes.peak
    errors = []
    for candidate in candidates:
        step = max(candidate, _LEAST) / _LEVELS
        restored = np.minimum(np.round(values / step), _LEVELS) * step
        errors.append(float(np.dot(magnitudes.counts, (values - restored) ** 2)))
    return float(candidates[int(np.argmin(errors))])


def _kl(magnitudes: Magnitudes) -> float:
    """Return the threshold whose codes are distributed most like the values (Kullback-Leibler divergence).

    S. Migacz, 8-bit Inference with TensorRT (GTC 2017). As upstream, from half the largest magnitude on.
    """
    counts = magnitudes.counts.astype(np.float64)
    last = int(np.flatnonzero(counts)[-1]) + 1
    ends = [end for end in range((last + 1) // 2, last + 1) if counts[end - 1]]
    divergences = [_divergence(counts, end) for end in ends]
    return (ends[int(np.argmin(divergences))] - 0.5) * magnitudes.top / BINS


def _divergence(counts: NDArray[np.float64], end: int) -> float:
    """Return how unlike the first `end` bins become by being told apart by the codes alone."""
    wanted = counts[:end].copy()
    wanted[-1] += counts[end:].sum()
    filled = wanted > 0
    codes = np.minimum(np.arange(end) * _LEVELS // end, _LEVELS - 1)
    sums = np.bincount(codes, weights=counts[:end], minlength=_LEVELS)
    members = np.bincount(codes, weights=filled, minlength=_LEVELS)
    spread = (sums / np.maximum(members, 1))[codes]
    p, q = wanted[filled] / wanted.sum(), spread[filled] / sums.sum()
    return float(np.sum(p * np.log(p / q)))


_ALGORITHMS: Mapping[str, Callable[[Magnitudes], float]] = {
    "abs_max": lambda magnitudes: magnitudes.peak,
    "avg": _avg,
    "mse": _mse,
    "KL": _kl,
}
