"""An annotation file as JSON that a stranger wrote: a bounded size, finite numbers, places that exist."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from segcompress_api.errors import shown
from segcompress_runner.inputs.annotations.faults import AnnotationError, must_be

DOCUMENT_BYTES = 256 * 2**20
"""A labelme file holds its picture too; EISeg's annotations.json the polygons of a whole dataset."""

_FARTHEST = 2**20
"""Pixels; shapes may reach beyond their picture, but not beyond any."""

Points = tuple[tuple[float, float], ...]


def read_document(path: Path) -> Any:
    """Return the JSON in `path`; raises AnnotationError."""
    with path.open("rb") as file:
        content = file.read(DOCUMENT_BYTES + 1)
    if len(content) > DOCUMENT_BYTES:
        raise AnnotationError(f"is over {DOCUMENT_BYTES >> 20} MiB")
    try:
        return json.loads(content)
    except UnicodeDecodeError:
        raise AnnotationError("is not JSON but a binary file; format PaddleSeg is the one of masks") from None
    except (ValueError, RecursionError) as error:
        raise AnnotationError(f"is not JSON ({str(error)[:80]})") from None


def mapping(value: Any, what: str = "a mapping") -> Mapping[str, Any]:
    """Return `value`, which must be a JSON object."""
    if not isinstance(value, dict):
        raise must_be(value, what)
    return value


def items(parent: Mapping[str, Any], name: str) -> Sequence[Any]:
    """Return the list that `parent` holds under `name`."""
    value = parent.get(name)
    if not isinstance(value, list):
        raise AnnotationError(f"has no list {name!r}")
    return value


def text(parent: Mapping[str, Any], name: str) -> str:
    """Return the text that `parent` holds under `name`."""
    value = parent.get(name)
    if not isinstance(value, str):
        raise AnnotationError(f"{name} must be text, got {shown(value)}")
    return value


def whole_number(parent: Mapping[str, Any], name: str) -> int:
    """Return the whole number that `parent` holds under `name`."""
    value = parent.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise AnnotationError(f"{name} must be a whole number, got {shown(value)}")
    return value


def points(value: Any) -> Points:
    """Return [x, y] pairs, in pixels."""
    if not isinstance(value, list) or not value:
        raise must_be(value, "a list of [x, y] points")
    return tuple(_point(pair) for pair in value)


def pairs(value: Any) -> Points:
    """Return the points of COCO's flat [x, y, x, y, …]."""
    if not isinstance(value, list) or len(value) % 2:
        raise must_be(value, "a flat list of x, y, x, y, …")
    return points([value[index : index + 2] for index in range(0, len(value), 2)])


def _point(value: Any) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:  # noqa: PLR2004 - x and y
        raise must_be(value, "a point [x, y]")
    x, y = value
    if not (_is_coordinate(x) and _is_coordinate(y)):
        raise must_be(value, "a point [x, y] of two numbers in pixels")
    return float(x), float(y)


def _is_coordinate(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and abs(value) <= _FARTHEST


def check_size(parent: Mapping[str, Any], names: tuple[str, str], size: tuple[int, int]) -> None:
    """Raise AnnotationError where a file notes a size that is not the picture's (height, width)."""
    noted = tuple(parent.get(name) for name in names)
    if None not in noted and noted != size:
        height, width = size
        raise AnnotationError(
            f"was drawn on {noted[1]}x{noted[0]} pixels and its picture has {width}x{height}; "
            "annotate the picture as it is"
        )
