"""Signs during a training that it goes wrong, put into words while there is time to stop it. Pure."""

from collections import deque
from collections.abc import Sequence
from statistics import median

from segcompress_runner.measurement.gates import class_label, vanished

_CONSTANT_SHARE = 0.999
"""Share of all pixels in one class from which a prediction counts as constant."""

_WINDOW = 5
"""Logged losses whose median is one point of the trend."""

_GROWTH = 2.0


def advice(rate: object) -> str:
    """Return what to change; `rate` is the learning rate, None where nothing is trained.

    Collapses of distilled segmentation models were seen to come from too large a step.
    """
    if rate is None:
        return "choose another spec.strategy.QuantPost.algo, or QuantAware, which trains"
    return (
        f"lower spec.strategy.TrainConfig.learning_rate (now {rate}), or train for longer with a gentler ramp"
    )


def constant_prediction(confusion: Sequence[Sequence[int]]) -> int | None:
    """Return the class that nearly every pixel is given, None where predictions vary or labels do not.

    `confusion`: row the true class, column the predicted one.
    """
    total = sum(map(sum, confusion))
    if not total or sum(1 for row in confusion if any(row)) < 2:  # noqa: PLR2004 - two classes to tell apart
        return None
    columns = [sum(column) for column in zip(*confusion, strict=True)]
    index = max(range(len(columns)), key=columns.__getitem__)
    return index if columns[index] >= _CONSTANT_SHARE * total else None


def collapse(
    baseline_iou: Sequence[float],
    class_iou: Sequence[float],
    confusion: Sequence[Sequence[int]],
    names: Sequence[str],
) -> str | None:
    """Return in words what an evaluation during the training shows to be lost, None where nothing is."""
    constant = constant_prediction(confusion)
    if constant is not None:
        return f"every pixel is predicted as {class_label(constant, names)}"
    lost = vanished(baseline_iou, class_iou)
    if not lost:
        return None
    listed = ", ".join(class_label(index, names) for index in lost)
    return f"the model no longer finds {listed}"


class LossTrend:
    """Follows a training's loss from `start` on, where the pruning ramp ends; before, it is meant to grow."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._recent: deque[float] = deque(maxlen=_WINDOW)
        self._reference: float | None = None

    def growth(self, iteration: int, loss: float) -> str | None:
        """Take the loss of an iteration; return a sentence each time that it has doubled."""
        if iteration <= self._start:
            return None
        self._recent.append(loss)
        if len(self._recent) < _WINDOW:
            return None
        level = median(self._recent)
        if self._reference is None:
            self._reference = level
            self._recent.clear()
        elif level > _GROWTH * self._reference:
            sentence = f"the loss grows: {self._reference:.4g} before, {level:.4g} by iteration {iteration}"
            self._reference = level
            return sentence
        return None
