"""What EISeg saves, drawn as EISeg draws its own masks: OpenCV's fillPoly, class by class.

Three layouts: labelme's JSON, EISeg's own older list of polygons, and COCO's annotations.json for a whole
folder. Corners are cut to whole pixels; a class covers those that stand before it in the list of labels.
A hole is a part of its polygon's outline (EISeg bridges to it), which fillPoly leaves open.
Source: EISeg/eiseg/app.py, getMask and exportLabel.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segcompress_api.errors import shown
from segcompress_runner.inputs.annotations.classes import Classes
from segcompress_runner.inputs.annotations.document import (
    Points,
    check_size,
    items,
    mapping,
    pairs,
    points,
    text,
    whole_number,
)
from segcompress_runner.inputs.annotations.faults import AnnotationError, at, must_be

_MOST = 255


@dataclass(frozen=True)
class _Polygon:
    class_id: int
    points: Points


@dataclass(frozen=True)
class Coco:
    """The annotations of a whole folder, by picture: each with its place in the file."""

    categories: tuple[Mapping[str, Any], ...]
    pictures: Mapping[str, Sequence[Mapping[str, Any]]]
    annotations: Mapping[int, Sequence[tuple[int, Mapping[str, Any]]]]


def parse(document: Any) -> Any:
    """Return `document` as `draw` takes it, which is another form where it is COCO's."""
    if isinstance(document, list) or "shapes" in mapping(document, "a file that EISeg saved"):
        return document
    pictures, annotations = defaultdict(list), defaultdict(list)
    for picture in map(mapping, items(document, "images")):
        pictures[str(picture.get("file_name"))].append(picture)
    for index, annotation in enumerate(map(mapping, items(document, "annotations"))):
        with at(f"annotations[{index}]"):
            annotations[whole_number(annotation, "image_id")].append((index, annotation))
    return Coco(tuple(map(mapping, items(document, "categories"))), pictures, annotations)


def draw(document: Any, classes: Classes, size: tuple[int, int], image: str) -> NDArray[np.uint8]:
    """Return the mask of the picture `image`, a path in the dataset, of (height, width).

    `document` comes from `parse`. Raises AnnotationError naming the polygon.
    """
    match document:
        case Coco():
            found = _of_coco(document, classes, size, image)
        case list():
            found = _of_list(document, classes)
        case _:
            check_size(document, ("imageHeight", "imageWidth"), size)
            found = _of_labelme(document, classes)
    return _drawn(sorted(found, key=lambda polygon: classes.rank(polygon.class_id)), size)


def _drawn(polygons: Iterable[_Polygon], size: tuple[int, int]) -> NDArray[np.uint8]:
    mask = np.zeros(size, np.uint8)
    for polygon in polygons:
        cv2.fillPoly(mask, [np.array(polygon.points).astype(np.int32)], polygon.class_id)
    return mask


def _of_list(document: Sequence[Any], classes: Classes) -> Iterator[_Polygon]:
    for index, value in enumerate(document):
        with at(f"[{index}]"):
            polygon = mapping(value)
            class_id = _id(polygon, "labelIdx")
            classes.check(text(polygon, "name"), class_id)
            yield _Polygon(class_id, points(polygon.get("points")))


def _of_labelme(document: Mapping[str, Any], classes: Classes) -> Iterator[_Polygon]:
    for index, value in enumerate(items(document, "shapes")):
        with at(f"shapes[{index}]"):
            shape = mapping(value)
            class_id = classes.id_of(text(shape, "label"))
            kind = shape.get("shape_type") or "polygon"
            if kind != "polygon":
                raise AnnotationError(f"EISeg draws only polygons, got {shown(kind)}; set format: Labelme")
            yield _Polygon(class_id, points(shape.get("points")))


def _of_coco(coco: Coco, classes: Classes, size: tuple[int, int], image: str) -> Iterator[_Polygon]:
    for index, category in enumerate(coco.categories):
        with at(f"categories[{index}]"):
            classes.check(text(category, "name"), _id(category, "id"))
    for index, annotation in coco.annotations.get(_picture(coco, size, image), ()):
        with at(f"annotations[{index}]"):
            class_id = _id(annotation, "category_id")
            yield from (_Polygon(class_id, pairs(part)) for part in _parts(annotation))


def _picture(coco: Coco, size: tuple[int, int], image: str) -> int:
    """Return the number of a picture: EISeg keeps the file's name alone, other programs a path."""
    wanted = image if image in coco.pictures else PurePosixPath(image).name
    found = coco.pictures.get(wanted, ())
    if len(found) != 1:
        raise AnnotationError(f"images holds {wanted!r} {len(found)} times; it must be there once")
    with at(f"the image {wanted!r}"):
        check_size(found[0], ("height", "width"), size)
        return whole_number(found[0], "id")


def _parts(annotation: Mapping[str, Any]) -> Sequence[Any]:
    parts = annotation.get("segmentation")
    if not isinstance(parts, list):
        raise must_be(parts, "a segmentation of polygons")
    return parts


def _id(parent: Mapping[str, Any], name: str) -> int:
    value = whole_number(parent, name)
    if not 0 <= value <= _MOST:
        raise AnnotationError(f"{name} must be from 0 to {_MOST}, got {shown(value)}")
    return value
