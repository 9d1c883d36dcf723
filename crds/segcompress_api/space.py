"""The search space of a sweep: one axis per parameter.

A coordinate is a string, as in a trial's annotation and in the status: equal points have equal strings.
Nothing here lists all points: each point of a grid is computed from its index.
"""

import hashlib
import itertools
import json
import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from segcompress_api.errors import InvalidSpecError
from segcompress_api.parameters import Parameter, Range
from segcompress_api.paths import FieldKind, kind_at

Point = Mapping[str, str]
"""Each parameter's coordinate by the parameter's name."""

_DIGITS = 6
"""Significant digits of a drawn number: more would make no difference to a training."""

_MOST_STEPS = 10**12
"""Of one range: of finer ones, neighbours are one float."""

_ROUNDS = 4
"""Rounds of the Feistel network: fewer leave a pattern."""


@dataclass(frozen=True, slots=True)
class Choices:
    """A finite list of coordinates; `ordered` if they are numbers in ascending order."""

    texts: tuple[str, ...]
    ordered: bool

    @property
    def size(self) -> int:
        """Return how many there are."""
        return len(self.texts)

    def at(self, index: int) -> str:
        """Return the coordinate of that index."""
        return self.texts[index]

    def index(self, text: str) -> int | None:
        """Return the index of a coordinate, None if it is not on the axis."""
        return self.texts.index(text) if text in self.texts else None


@dataclass(frozen=True, slots=True)
class Steps:
    """Numbers at equal distances."""

    least: Decimal
    step: Decimal
    size: int

    def at(self, index: int) -> str:
        """Return the coordinate of that index."""
        return _plain(self.least + index * self.step)

    def index(self, text: str) -> int | None:
        """Return the index of a coordinate, None if it is not on the axis."""
        if _number(text) is None:
            return None
        index = round((Decimal(text) - self.least) / self.step)
        return index if 0 <= index < self.size and self.at(index) == text else None

    def nearest(self, value: float) -> str | None:
        """Return the coordinate of a number, None if it is not on the axis."""
        text = _plain(Decimal(repr(value)))
        return text if self.index(text) is not None else None


@dataclass(frozen=True, slots=True)
class Interval:
    """Numbers on a linear or a logarithmic scale; bounds of `whole` ones are whole."""

    least: float
    greatest: float
    log: bool
    whole: bool

    def draw(self, chance: random.Random) -> str:
        """Return a coordinate at random."""
        if self.log:
            return self.text(math.exp(chance.uniform(math.log(self.least), math.log(self.greatest))))
        return self.text(chance.uniform(self.least, self.greatest))

    def number(self, text: str) -> float | None:
        """Return the number of a coordinate, None if it is not on the axis."""
        value = _number(text)
        return value if value is not None and self.least <= value <= self.greatest else None

    def text(self, value: float) -> str:
        """Return the coordinate of a number: rounded, but kept within the bounds."""
        if self.whole:
            return str(min(max(round(value), int(self.least)), int(self.greatest)))
        rounded = float(f"{value:.{_DIGITS}g}")
        return _plain(Decimal(repr(min(max(rounded, self.least), self.greatest))))

    def nearest(self, value: float) -> str | None:
        """Return the coordinate of a number, None if it is out of bounds."""
        return self.text(value) if self.least <= value <= self.greatest else None


Axis = Choices | Steps | Interval


@dataclass(frozen=True, slots=True)
class Space:
    """The axes by name, in the order of the parameters, and the kind of each field."""

    axes: Mapping[str, Axis]
    paths: Mapping[str, str]
    kinds: Mapping[str, FieldKind]

    @property
    def size(self) -> int | None:
        """Return the number of points, None if it is infinite."""
        sizes = [axis.size for axis in self.axes.values() if not isinstance(axis, Interval)]
        return math.prod(sizes) if len(sizes) == len(self.axes) else None

    def check_values(self) -> None:
        """Raise InvalidSpecError for two spellings of one value: that would be tried twice."""
        for index, (name, axis) in enumerate(self.axes.items()):
            texts = axis.texts if isinstance(axis, Choices) else ()
            for one, other in itertools.combinations(texts, 2):
                if _is_same(_value(one, self.kinds[name]), _value(other, self.kinds[name])):
                    problem = f"must differ: {one} and {other} are one value"
                    raise InvalidSpecError(f"spec.parameters[{index}].values", problem)

    def has_every_choice(self, points: Iterable[Point]) -> bool:
        """Return whether each value that is not a number is in one of the points.

        Such a value can add or remove a section of the spec, and with it what a trial measures.
        """
        seen = {item for point in points for item in point.items()}
        choices = [(name, axis) for name, axis in self.axes.items() if isinstance(axis, Choices)]
        return all((name, text) in seen for name, axis in choices if not axis.ordered for text in axis.texts)

    def in_order(self, index: int) -> Point:
        """Return the point of that index of a finite space; the last parameter changes first."""
        point = {}
        for name, axis in reversed([*self.axes.items()]):
            if isinstance(axis, Interval):
                raise TypeError(f"{name} has no order of points; the spec's checks refuse it")
            index, digit = divmod(index, axis.size)
            point[name] = axis.at(digit)
        return {name: point[name] for name in self.axes}

    def key(self, point: Point) -> tuple[str, ...]:
        """Return a key that is equal for equal points."""
        return tuple(point.get(name, "") for name in self.axes)

    def at_random(self, index: int, seed: int, attempt: int = 0) -> Point:
        """Return the point of that index in a random order: in a finite space, each point once.

        Each attempt has an order of its own where the points cannot be counted.
        """
        if self.size is not None:
            return self.in_order(shuffled(index, self.size, seed))
        chance = random.Random(f"{seed}/{index}/{attempt}")  # noqa: S311 - no secret
        return {name: _drawn(axis, chance) for name, axis in self.axes.items()}

    def spec_at(self, template: Mapping[str, Any], point: Point) -> dict[str, Any]:
        """Return a copy of the template's spec in which each parameter has its coordinate's value."""
        spec: dict[str, Any] = json.loads(json.dumps(template))
        for name, text in point.items():
            *parents, last = self.paths[name].split(".")
            part = spec
            for key in parents:
                inner = part.get(key)
                part[key] = part = inner if isinstance(inner, dict) else {}
            part[last] = _value(text, self.kinds[name])
        return spec

    def point_of(self, spec: Mapping[str, Any]) -> Point | None:
        """Return the point of a job's spec, None if a field is missing or its value is not on the axis."""
        found = {name: self._coordinate(name, spec) for name in self.axes}
        point = {name: text for name, text in found.items() if text is not None}
        return point if len(point) == len(found) else None

    def _coordinate(self, name: str, spec: Mapping[str, Any]) -> str | None:
        part: Any = spec
        for key in self.paths[name].split("."):
            part = part.get(key) if isinstance(part, Mapping) else None
        axis, kind = self.axes[name], self.kinds[name]
        if isinstance(axis, Choices):
            return next((text for text in axis.texts if _is_same(_value(text, kind), part)), None)
        return None if isinstance(part, bool) or not isinstance(part, int | float) else axis.nearest(part)


def space_of(parameters: Sequence[Parameter]) -> Space:
    """Return the space of the parameters; raises InvalidSpecError naming what is wrong with one."""
    axes, kinds = {}, {}
    for index, each in enumerate(parameters):
        kinds[each.name], axes[each.name] = axis_of(each, f"spec.parameters[{index}]")
    return Space(axes, {each.name: each.path for each in parameters}, kinds)


def axis_of(parameter: Parameter, field: str) -> tuple[FieldKind, Axis]:
    """Return the kind of a parameter's field, and its axis; raises InvalidSpecError naming what is wrong.

    `field` is where the parameter stands: spec.parameters[0].
    """
    kind = kind_at(parameter.path, f"{field}.path")
    return kind, _axis(parameter, kind, field)


def shuffled(index: int, size: int, seed: int) -> int:
    """Return the position of `index` in a permutation of `size` elements that the seed determines.

    A Feistel network permutes a power of four; what lands beyond `size` is permuted again.
    """
    bits = max(1, ((size - 1).bit_length() + 1) // 2)
    mask = (1 << bits) - 1
    while True:
        left, right = index >> bits, index & mask
        for number in range(_ROUNDS):
            left, right = right, left ^ (derived(seed, number, right) & mask)
        index = left << bits | right
        if index < size:
            return index


def derived(*parts: int) -> int:
    """Return a 32-bit hash of the numbers, the same in every process."""
    text = "/".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def _axis(parameter: Parameter, kind: FieldKind, field: str) -> Axis:
    if parameter.range is not None:
        return _range_axis(parameter.range, kind, field)
    texts = parameter.values or ()
    if kind == "Text" or any(_number(text) is None for text in texts):
        return Choices(texts, ordered=False)
    return Choices(tuple(sorted(texts, key=float)), ordered=True)


def _range_axis(given: Range, kind: FieldKind, field: str) -> Axis:
    if kind == "Text":
        raise InvalidSpecError(f"{field}.range", "must not be given: the field is a string", "give values")
    least, greatest = Decimal(given.min), Decimal(given.max)
    if kind == "Whole":
        least, greatest = least.to_integral_value(ROUND_CEILING), greatest.to_integral_value(ROUND_FLOOR)
        if least > greatest:
            raise InvalidSpecError(f"{field}.range", "must contain a whole number: the field is one")
    step = Decimal(given.step) if given.step else Decimal(1) if kind == "Whole" else None
    if step is not None and kind == "Whole" and step != step.to_integral_value():
        raise InvalidSpecError(f"{field}.range.step", "must be a whole number: the field is one")
    if step is not None and given.scale == "Linear":
        size = int((greatest - least) / step) + 1
        if size > _MOST_STEPS:
            raise InvalidSpecError(f"{field}.range", f"must have at most {_MOST_STEPS:,} steps")
        return Steps(least, step, size)
    return Interval(float(least), float(greatest), log=given.scale == "Log", whole=kind == "Whole")


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _drawn(axis: Axis, chance: random.Random) -> str:
    return axis.draw(chance) if isinstance(axis, Interval) else axis.at(chance.randrange(axis.size))


def _value(text: str, kind: FieldKind) -> Any:
    """Return the value of a field of that kind: a string as it is, anything else parsed as JSON."""
    if kind == "Text":
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _is_same(one: Any, other: Any) -> bool:
    """Return whether two JSON values are equal: true is not 1."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _plain(value: Decimal) -> str:
    """Return a number in JSON, the same for equal numbers."""
    text = f"{value.normalize():f}"
    return text if len(text) <= 24 else repr(float(value))  # noqa: PLR2004
