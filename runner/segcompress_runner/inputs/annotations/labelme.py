"""labelme's JSON drawn as labelme and PaddleSeg's labelme2seg draw it: with Pillow, shape by shape.

Later shapes cover earlier ones, so a hole is a later polygon with the label `_background_`. Upstream's
labelme2seg takes every shape for a polygon; what has a shape type of its own is drawn as labelme draws it.
"""

import base64
import binascii
import io
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from segcompress_runner.inputs.annotations.classes import Classes
from segcompress_runner.inputs.annotations.document import (
    Points,
    check_size,
    items,
    mapping,
    points,
    text,
)
from segcompress_runner.inputs.annotations.faults import AnnotationError, at

_LINE_WIDTH = 10
_POINT_RADIUS = 5


def draw(document: Any, classes: Classes, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the mask of a picture of (height, width); raises AnnotationError naming the shape."""
    whole = mapping(document, "a labelme file (a mapping with shapes)")
    check_size(whole, ("imageHeight", "imageWidth"), size)
    mask = Image.new("L", (size[1], size[0]))
    for index, shape in enumerate(items(whole, "shapes")):
        with at(f"shapes[{index}]"):
            _draw_shape(mask, mapping(shape), classes)
    return np.array(mask)


def _draw_shape(mask: Image.Image, shape: Mapping[str, Any], classes: Classes) -> None:
    class_id = classes.id_of(text(shape, "label"))
    kind = shape.get("shape_type") or "polygon"
    corners = points(shape.get("points"))
    if kind == "mask":
        _paste(mask, shape, corners, class_id)
        return
    if kind not in _KINDS:
        raise AnnotationError(
            f"shape_type {str(kind)[:40]!r} marks no area; known are: {', '.join((*_KINDS, 'mask'))}"
        )
    least, most, drawn = _KINDS[kind]
    if not least <= len(corners) <= most:
        count = str(least) if least == most else f"at least {least}"
        raise AnnotationError(f"a {kind} has {count} points, got {len(corners)}")
    drawn(ImageDraw.Draw(mask), corners, class_id)


def _polygon(drawing: ImageDraw.ImageDraw, corners: Points, ink: int) -> None:
    drawing.polygon(corners, outline=ink, fill=ink)


def _rectangle(drawing: ImageDraw.ImageDraw, corners: Points, ink: int) -> None:
    (left, right), (top, bottom) = (sorted(ends) for ends in zip(*corners, strict=True))
    drawing.rectangle((left, top, right, bottom), outline=ink, fill=ink)


def _circle(drawing: ImageDraw.ImageDraw, corners: Points, ink: int) -> None:
    centre, rim = corners
    _disc(drawing, centre, math.dist(centre, rim), ink)


def _dot(drawing: ImageDraw.ImageDraw, corners: Points, ink: int) -> None:
    _disc(drawing, corners[0], _POINT_RADIUS, ink)


def _disc(drawing: ImageDraw.ImageDraw, centre: tuple[float, float], radius: float, ink: int) -> None:
    x, y = centre
    drawing.ellipse((x - radius, y - radius, x + radius, y + radius), outline=ink, fill=ink)


def _line(drawing: ImageDraw.ImageDraw, corners: Points, ink: int) -> None:
    drawing.line(corners, fill=ink, width=_LINE_WIDTH)


def _line_strip(drawing: ImageDraw.ImageDraw, corners: Points, ink: int) -> None:
    drawing.line(corners, fill=ink, width=_LINE_WIDTH, joint="curve")


_MANY = 2**31
_KINDS: Mapping[str, tuple[int, int, Callable[[ImageDraw.ImageDraw, Points, int], None]]] = {
    "polygon": (3, _MANY, _polygon),
    "rectangle": (2, 2, _rectangle),
    "oriented_rectangle": (4, 4, _polygon),
    "circle": (2, 2, _circle),
    "line": (2, 2, _line),
    "linestrip": (2, _MANY, _line_strip),
    "point": (1, 1, _dot),
}
"""Shape types with the fewest and the most points, and how each is drawn."""


def _paste(mask: Image.Image, shape: Mapping[str, Any], corners: Points, class_id: int) -> None:
    """Draw what labelme's AI tools mark: a picture of the marked pixels, at its top left corner."""
    if len(corners) != 2:  # noqa: PLR2004 - two opposite corners
        raise AnnotationError(f"a mask has 2 points, got {len(corners)}")
    (left, top), (right, bottom) = (np.array(corners).round().astype(int)).tolist()
    patch = _decoded(text(shape, "mask"), mask.size)
    if all(value.is_integer() for corner in corners for value in corner):
        patch = patch.crop((0, 0, right - left + 1, bottom - top + 1))
    mask.paste(class_id, (left, top), patch)


def _decoded(content: str, largest: tuple[int, int]) -> Image.Image:
    try:
        with Image.open(io.BytesIO(base64.b64decode(content)), formats=("PNG",)) as patch:
            if patch.width > largest[0] + 1 or patch.height > largest[1] + 1:
                raise AnnotationError("mask is larger than its picture")
            return Image.fromarray(np.asarray(patch.convert("L")) > 0)
    except (binascii.Error, OSError, ValueError) as error:
        if isinstance(error, AnnotationError):
            raise
        raise AnnotationError("mask must be a PNG in base64") from None
