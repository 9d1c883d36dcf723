"""The specs of a sweep's trials, and which of them stand for all before the first trial is created."""

import json
from collections.abc import Iterator
from typing import Any

from segcompress_api.errors import InvalidSpecError
from segcompress_api.space import Axis, Interval, Point, Space

_CHECKED = 64
"""If a parameter has at most this many values, all are checked before the first trial; else both ends."""


def sample_points(space: Space) -> Iterator[Point]:
    """Yield points that together have every value, or of many or a range both ends; each once.

    They differ from the first in one parameter.
    """
    first = {name: next(_samples(axis)) for name, axis in space.axes.items()}
    yield first
    for name, axis in space.axes.items():
        yield from ({**first, name: text} for text in _samples(axis) if text != first[name])


def as_json(spec: dict[str, Any]) -> bytes:
    """Return a spec as JSON in ASCII: a value may hold half of a surrogate pair."""
    return json.dumps(spec).encode()


def invalid_trial(point: Point, problem: str) -> InvalidSpecError:
    """Return the sentence about a point at which no valid spec lies."""
    return InvalidSpecError("spec.parameters", f"{trial_at(point)} is not valid: {problem}")


def trial_at(point: Point) -> str:
    """Return what messages call the trial at a point."""
    return f"a trial with {', '.join(f'{name} {text}' for name, text in point.items())}"


def _samples(axis: Axis) -> Iterator[str]:
    if isinstance(axis, Interval):
        yield axis.text(axis.least)
        yield axis.text(axis.greatest)
        return
    every = range(axis.size)
    yield from map(axis.at, every if axis.size <= _CHECKED else (every[0], every[-1]))
