"""Which pictures make up which batch: decided by the seed and the epoch alone."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Order:
    """Which pictures make up which batch: a new permutation every epoch, whatever is left over dropped.

    A list shorter than one batch is repeated, so that every batch is full.
    """

    pictures: int
    batch_size: int
    seed: int

    @property
    def batches_per_epoch(self) -> int:
        """Return the number of iterations that one pass over the list takes; at least 1."""
        return max(self.pictures // self.batch_size, 1)

    def epoch(self, number: int) -> list[list[int]]:
        """Return the indices of each batch of epoch `number` (from 0)."""
        shuffled = np.random.default_rng((self.seed, number)).permutation(self.pictures)
        used = np.resize(shuffled, self.batches_per_epoch * self.batch_size)
        batches: list[list[int]] = used.reshape(-1, self.batch_size).tolist()
        return batches
