"""What every runtime offers: one loaded model that answers batches."""

import re
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Predict = Callable[[NDArray[np.float32]], NDArray[Any]]
"""N x C x H x W pictures -> N x classes x H x W scores, or class ids N x H x W or N x 1 x H x W."""


_SUMMARY_LENGTH = 200
_PLACE = re.compile(r"(Exception from|Check '.*' failed at) ")
"""How OpenVINO begins a line that names a place in its sources."""


class Session(Protocol):
    """A loaded model."""

    @property
    def precision(self) -> str:
        """Return what floats are computed in: f32, or bf16."""

    @property
    def batch(self) -> int | None:
        """Return the batch size that the model insists on, None where any will do."""

    def run(self, x: NDArray[np.float32]) -> NDArray[Any]:
        """Return the model's output for x (N x C x H x W, float32, contiguous)."""


def first_line(error: Exception) -> str:
    """Return the first line of a library's error that says what is wrong and not where in its sources."""
    lines = [line for line in str(error).splitlines() if line.strip() and not _PLACE.match(line)]
    return (lines or [type(error).__name__])[0].strip()[:_SUMMARY_LENGTH]


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
