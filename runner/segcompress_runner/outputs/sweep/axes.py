"""Parameters and figures as axes from 0 to 1, which charts draw and importance is computed on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from segcompress_api.parameters import Parameter


@dataclass(frozen=True)
class Scale:
    """Numbers between two ends, on a linear or logarithmic scale."""

    least: float
    greatest: float
    log: bool = False

    def at(self, text: str) -> float | None:
        """Return the position of a number, 0 to 1; None if it is not a number within the ends."""
        value = number(text)
        if value is None or not self.least <= value <= self.greatest:
            return None
        if self.least == self.greatest:
            return 0.5
        if self.log:
            return math.log(value / self.least) / math.log(self.greatest / self.least)
        return (value - self.least) / (self.greatest - self.least)


@dataclass(frozen=True)
class Steps:
    """Values at equal distances; `ordered` if they are numbers in ascending order."""

    texts: tuple[str, ...]
    ordered: bool

    def at(self, text: str) -> float | None:
        """Return the position of a value, 0 to 1; None if it is not one of the values."""
        if text not in self.texts:
            return None
        return self.texts.index(text) / (len(self.texts) - 1) if len(self.texts) > 1 else 0.5


Axis = Scale | Steps


def axis_of(parameter: Parameter) -> Axis:
    """Return the axis of a parameter over all its values."""
    if parameter.range is not None:
        given = parameter.range
        return Scale(float(given.min), float(given.max), given.scale == "Log")
    texts = parameter.values or ()
    if all(number(text) is not None for text in texts):
        return Steps(tuple(sorted(texts, key=float)), ordered=True)
    return Steps(texts, ordered=False)


def scale_of(values: Sequence[float]) -> Scale:
    """Return the axis of a metric, from its lowest to its highest value."""
    return Scale(min(values), max(values))


def number(text: str) -> float | None:
    """Return a text as a number, None if it is not one."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
