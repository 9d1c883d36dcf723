import hashlib
from typing import Any

import numpy as np
import pytest

from segcompress_runner.inputs.annotations import labelme
from segcompress_runner.inputs.annotations.classes import Classes
from segcompress_runner.inputs.annotations.faults import AnnotationError

from . import documents
from .documents import HEIGHT, WIDTH, shape

CLASSES = Classes({"background": 0, "person": 1, "cat": 2}, 255)
SIZE = HEIGHT, WIDTH
SQUARE = [[10.0, 10.0], [30.0, 10.0], [30.0, 30.0], [10.0, 30.0]]


def drawn(*shapes: documents.Document) -> Any:
    return labelme.draw(documents.labelme(*shapes), CLASSES, SIZE)


@pytest.mark.parametrize(
    ("seed", "digest"), [(0, "446f9e7d08fbc4df"), (1, "9db02762a56dabe0"), (2, "f5fa9994823163ae")]
)
def test_polygons_are_drawn_as_labelme2seg_draws_them(seed: int, digest: str) -> None:
    """The digests are of what PaddleSeg's tools/data/labelme2seg.py (2.10) makes of the same documents."""
    mask = labelme.draw(documents.polygons(seed), CLASSES, SIZE)
    assert mask.shape == SIZE
    assert mask.dtype == np.uint8
    assert hashlib.sha256(mask.tobytes()).hexdigest()[:16] == digest


@pytest.mark.parametrize(
    ("seed", "digest"), [(0, "0af13a7f6fa2e539"), (1, "27e3b3dc34301ab8"), (2, "b5a691e447763eb9")]
)
def test_every_type_of_shape_is_drawn_as_labelme_draws_it(seed: int, digest: str) -> None:
    """The digests are of what shapes_to_label of labelme 7.1 makes of the same documents."""
    mask = labelme.draw(documents.mixed(seed), CLASSES, SIZE)
    assert hashlib.sha256(mask.tobytes()).hexdigest()[:16] == digest


def test_a_later_shape_covers_and_a_background_shape_is_a_hole() -> None:
    hole = shape("_background_", [[15.0, 15.0], [25.0, 25.0]], "rectangle")
    mask = drawn(shape("person", SQUARE), hole, shape("cat", [[20.0, 20.0]], "point"))
    assert [mask[12, 12], mask[16, 16], mask[20, 20], mask[40, 40]] == [1, 0, 2, 0]


def test_ignored_shapes_hold_ignore_index() -> None:
    assert drawn(shape("__ignore__", SQUARE))[20, 20] == 255


def test_a_shape_without_a_type_is_a_polygon() -> None:
    old = {"label": "person", "points": SQUARE}
    assert (drawn(old) == drawn(shape("person", SQUARE))).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        pytest.param(
            shape("catt", SQUARE), "shapes[1]: unknown label 'catt'; did you mean 'cat'?", id="label"
        ),
        pytest.param(shape("cat", SQUARE[:2]), "shapes[1]: a polygon has at least 3 points, got 2", id="two"),
        pytest.param(
            shape("cat", SQUARE, "circle"), "shapes[1]: a circle has 2 points, got 4", id="circle of four"
        ),
        pytest.param(
            shape("cat", SQUARE, "points"),
            "shapes[1]: shape_type 'points' marks no area; known are:",
            id="type",
        ),
        pytest.param(
            shape("cat", [[0.0, float("inf")]] * 3),
            "shapes[1]: must be a point [x, y] of two numbers in pixels, got [0.0, inf]",
            id="infinite",
        ),
        pytest.param(
            shape("cat", [[0.0]] * 3), "shapes[1]: must be a point [x, y], got [0.0]", id="one number"
        ),
        pytest.param(shape("cat", []), "shapes[1]: must be a list of [x, y] points, got []", id="no points"),
        pytest.param({"points": SQUARE}, "shapes[1]: label must be text, got None", id="no label"),
        pytest.param(
            {**shape("cat", SQUARE[:2], "mask"), "mask": "bm90IGEgUE5H"},
            "shapes[1]: mask must be a PNG in base64",
            id="mask",
        ),
    ],
)
def test_what_cannot_be_drawn_is_named_by_its_place(wrong: documents.Document, message: str) -> None:
    with pytest.raises(AnnotationError) as caught:
        drawn(shape("person", SQUARE), wrong)
    assert str(caught.value).startswith(message)


def test_a_picture_of_another_size_is_refused() -> None:
    with pytest.raises(AnnotationError, match="was drawn on 80x60 pixels and its picture has 40x30"):
        labelme.draw(documents.labelme(), CLASSES, (30, 40))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "a labelme file"),
        ({}, "has no list 'shapes'"),
        ({"shapes": [3]}, r"shapes\[0\]: must be a mapping"),
    ],
)
def test_other_json_is_refused(document: Any, message: str) -> None:
    with pytest.raises(AnnotationError, match=message):
        labelme.draw(document, CLASSES, SIZE)
