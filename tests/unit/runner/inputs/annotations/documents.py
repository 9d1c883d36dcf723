"""Annotation files as labelme and EISeg save them, made from a seed."""

import base64
import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from segcompress_api.dataset import Dataset

HEIGHT, WIDTH = 60, 80
LABELS = ("person", "cat", "_background_")

Document = dict[str, Any]
MakeDataset = Callable[..., Dataset]
COUNTS = {
    "polygon": 7,
    "rectangle": 2,
    "oriented_rectangle": 4,
    "circle": 2,
    "line": 2,
    "linestrip": 5,
    "point": 1,
}


def shape(label: str, points: list[list[float]], kind: str = "polygon") -> Document:
    return {"label": label, "points": points, "group_id": None, "shape_type": kind, "flags": {}}


def labelme(*shapes: Document) -> Document:
    return {
        "version": "5.5.0",
        "flags": {},
        "shapes": list(shapes),
        "imagePath": "a.jpg",
        "imageData": None,
        "imageHeight": HEIGHT,
        "imageWidth": WIDTH,
    }


def polygons(seed: int) -> Document:
    """Return polygons alone, fractional corners and corners outside of the picture among them."""
    random = np.random.default_rng(seed)
    return labelme(*(drawn(random, "polygon") for _ in range(12)))


def mixed(seed: int) -> Document:
    """Return every type of shape that labelme draws."""
    random = np.random.default_rng(seed)
    kinds = [*COUNTS, "mask"] * 2
    return labelme(*(drawn(random, kind) for kind in kinds))


def drawn(random: np.random.Generator, kind: str) -> Document:
    label = LABELS[random.integers(len(LABELS))]
    if kind == "mask":
        return mask_shape(random, label)
    points = random.uniform(-8, 88, (COUNTS[kind], 2))
    if random.random() < 0.5:
        points = points.round()
    return shape(label, points.tolist(), kind)


def mask_shape(random: np.random.Generator, label: str) -> Document:
    """Return what labelme's AI tools save: a picture of the marked pixels at its top left corner."""
    width, height = (int(size) for size in random.integers(5, 30, 2))
    left, top = (int(place) for place in random.integers(-3, 60, 2))
    file = io.BytesIO()
    Image.fromarray((random.random((height, width)) < 0.6).astype(np.uint8)).save(file, "PNG")
    corners: list[list[float]] = [[left, top], [left + width - 1, top + height - 1]]
    return {**shape(label, corners, "mask"), "mask": base64.b64encode(file.getvalue()).decode()}


def eiseg_polygons(seed: int) -> list[tuple[int, list[list[float]]]]:
    """Return class ids and corners as EISeg's canvas holds them."""
    random = np.random.default_rng(seed)
    return [(int(random.integers(1, 4)), random.uniform(0, 80, (9, 2)).tolist()) for _ in range(10)]
