"""The loss over a training in few enough points for a manifest and a chart, however long it was."""

from dataclasses import dataclass

POINTS = 200
"""Points at most."""


@dataclass(frozen=True)
class LossPoint:
    """The mean loss of the iterations after the point before, up to and with `iteration`."""

    iteration: int
    loss: float


class LossCurve:
    """Takes the loss of each of `total` iterations; a training may end before the last."""

    def __init__(self, total: int) -> None:
        self._width = max(-(-total // POINTS), 1)
        self._points: list[LossPoint] = []
        self._open: list[float] = []
        self._iteration = 0

    def add(self, loss: float) -> None:
        """Take the next iteration's loss."""
        self._iteration += 1
        self._open.append(loss)
        if len(self._open) == self._width:
            self._points.append(self._mean())
            self._open.clear()

    def points(self) -> tuple[LossPoint, ...]:
        """Return the curve so far."""
        return (*self._points, *([self._mean()] if self._open else []))

    def _mean(self) -> LossPoint:
        return LossPoint(self._iteration, sum(self._open) / len(self._open))
