"""Masks as labelme files: what somebody would have drawn who outlined them to the pixel.

The same pictures serve as masks and as annotations, so that one's figures can be held against the other's.
Later shapes lie over earlier ones, as in labelme: a hole is a later shape of the background.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

LABELS = {1: "person", 0: "_background_"}
"""By class id, in the order in which shapes are drawn."""

LISTS = ("train.txt", "val.txt")
_LEVELS = 3
"""Shapes in holes in shapes that are outlined; what lies deeper stays as it is."""

Mask = NDArray[np.uint8]
Shape = dict[str, Any]


@dataclass(frozen=True)
class Marked:
    """What was written: files, shapes in them, and the share of pixels that they give as the masks."""

    files: int
    shapes: int
    agreeing: float


def mark(dataset: Path, into: Path) -> Marked:
    """Write the pictures of a dataset in PaddleSeg's layout with labelme files in the place of its masks."""
    files = shapes = pixels = agreeing = 0
    for name in LISTS:
        lines = [line.split() for line in (dataset / name).read_text().splitlines()]
        for image, mask in lines:
            drawn, found = outline(np.asarray(Image.open(dataset / mask)))
            picture = into / image
            picture.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(dataset / image, picture)
            write(picture.with_suffix(".json"), picture.name, found, drawn.shape)
            truth = np.asarray(Image.open(dataset / mask))
            files, shapes = files + 1, shapes + len(found)
            pixels, agreeing = pixels + drawn.size, agreeing + int(np.count_nonzero(drawn == truth))
        pairs = [f"{image} {Path(image).with_suffix('.json')}\n" for image, _ in lines]
        (into / name).write_text("".join(pairs))
    return Marked(files, shapes, agreeing / pixels)


def outline(mask: Mask) -> tuple[Mask, list[Shape]]:
    """Return the polygons around a mask's classes, and the mask that labelme makes of them."""
    drawn, shapes = Image.new("L", (mask.shape[1], mask.shape[0])), list[Shape]()
    for class_id, label in [*LABELS.items()] * _LEVELS:
        for corners in _outlines((mask == class_id) & (np.asarray(drawn) != class_id)):
            ImageDraw.Draw(drawn).polygon(corners, fill=class_id, outline=class_id)
            shapes.append({"label": label, "points": corners, "shape_type": "polygon"})
    return np.asarray(drawn), shapes


def write(path: Path, picture: str, shapes: list[Shape], size: tuple[int, ...]) -> None:
    """Write one file as labelme saves it, the picture beside it."""
    document: Shape = {
        "version": "5.5.0",
        "flags": {},
        "shapes": [{**shape, "group_id": None, "flags": {}} for shape in shapes],
        "imagePath": picture,
        "imageData": None,
        "imageHeight": size[0],
        "imageWidth": size[1],
    }
    path.write_text(json.dumps(document))


def _outlines(area: NDArray[np.bool_]) -> Iterator[list[tuple[float, float]]]:
    """Yield the outline of each piece of an area as (x, y) corners, at least three."""
    found, _ = cv2.findContours(area.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    for contour in found:
        corners = [(float(x), float(y)) for ((x, y),) in contour]
        yield corners + corners[-1:] * (3 - len(corners))
