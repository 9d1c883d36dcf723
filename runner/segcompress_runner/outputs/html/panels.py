"""The pictures of the report: a photo, its label maps in colour and their difference, as data URIs."""

import base64
import colorsys
import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segcompress_runner.measurement.worst import Example

Colour = tuple[int, int, int]

_FIRST: tuple[Colour, ...] = (
    (0x3F, 0x48, 0x56),
    (0xE6, 0x9F, 0x00),
    (0x56, 0xB4, 0xE9),
    (0x00, 0x9E, 0x73),
    (0xF0, 0xE4, 0x42),
    (0x00, 0x72, 0xB2),
    (0xD5, 0x5E, 0x00),
    (0xCC, 0x79, 0xA7),
)
"""Slate, then the colours of Okabe and Ito, which the colour-blind can tell apart."""

_GOLDEN = 0.618034
_RIGHT, _NEWLY_WRONG, _NEWLY_RIGHT, _BOTH_WRONG = range(4)
DIFFERENCES: dict[str, Colour] = {
    "wrong since the compression": (0xD5, 0x5E, 0x00),
    "right since the compression": (0x00, 0x72, 0xB2),
    "wrong before and after": (0x8A, 0x8F, 0x98),
}


@dataclass(frozen=True)
class Panel:
    """One picture of a row: what it is called, and its data URI."""

    title: str
    uri: str
    is_map: bool


def panels(example: Example, ignored: int) -> tuple[Panel, ...]:
    """Return picture, mask, baseline, compressed and difference; ignored pixels are transparent."""
    return (
        Panel("Picture", _photo(example.image), is_map=False),
        Panel("Mask", _map(example.mask, ignored), is_map=True),
        Panel("Baseline", _map(example.baseline, None), is_map=True),
        Panel("Compressed", _map(example.compressed, None), is_map=True),
        Panel("Difference", _difference(example, ignored), is_map=True),
    )


def class_colour(index: int) -> Colour:
    """Return a class's colour; beyond the first eight, hues are spread evenly, light and dark by turns."""
    if index < len(_FIRST):
        return _FIRST[index]
    hue, value = (index * _GOLDEN) % 1, 0.62 if index % 2 else 0.92
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(hue, 0.65, value))
    return red, green, blue


def css(colour: Colour) -> str:
    """Return a colour as CSS writes it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _photo(image: NDArray[np.uint8]) -> str:
    return _uri(Image.fromarray(image), "webp", quality=72, method=4)


def _map(ids: NDArray[np.uint8], ignored: int | None) -> str:
    return _paletted(ids, [class_colour(index) for index in range(256)], ignored)


def _difference(example: Example, ignored: int) -> str:
    mask = example.mask
    was, is_now = example.baseline != mask, example.compressed != mask
    kinds = np.select([is_now & ~was, was & ~is_now, was & is_now], [_NEWLY_WRONG, _NEWLY_RIGHT, _BOTH_WRONG])
    kinds[mask == ignored] = _RIGHT
    return _paletted(kinds.astype(np.uint8), [(0, 0, 0), *DIFFERENCES.values()], _RIGHT)


def _paletted(ids: NDArray[np.uint8], colours: list[Colour], transparent: int | None) -> str:
    height, width = ids.shape
    picture = Image.frombytes("P", (width, height), ids.tobytes())
    picture.putpalette(list(_flat(colours)))
    options = {} if transparent is None else {"transparency": transparent}
    return _uri(picture, "png", optimize=True, **options)


def _flat(colours: list[Colour]) -> Iterator[int]:
    for colour in colours:
        yield from colour


def _uri(picture: Image.Image, kind: str, **options: object) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"
