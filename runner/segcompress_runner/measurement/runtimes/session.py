"""What every runtime offers: one loaded model that answers batches."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Predict = Callable[[NDArray[np.float32]], NDArray[Any]]
"""N x C x H x W pictures -> N x classes x H x W scores, or class ids N x H x W or N x 1 x H x W."""


class Session(Protocol):
    """A loaded model."""

    @property
    def batch(self) -> int | None:
        """Return the batch size that the model insists on, None where any will do."""

    def run(self, x: NDArray[np.float32]) -> NDArray[Any]:
        """Return the model's output for x (N x C x H x W, float32, contiguous)."""


def predictor(session: Session) -> Predict:
    """Return a function that runs batches of any length, in parts where the model's batch is fixed.

    The last part is filled up with copies of its last picture, whose outputs are dropped.
    """
    size = session.batch
    if size is None:
        return session.run

    def predict(x: NDArray[np.float32]) -> NDArray[Any]:
        filled = np.concatenate([x, np.repeat(x[-1:], -len(x) % size, axis=0)])
        parts = [session.run(filled[start : start + size]) for start in range(0, len(filled), size)]
        joined: NDArray[Any] = np.concatenate(parts)
        return joined[: len(x)]

    return predict
