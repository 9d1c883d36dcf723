import hashlib
from typing import Any

import pytest

from segcompress_runner.inputs.annotations import eiseg
from segcompress_runner.inputs.annotations.classes import Classes
from segcompress_runner.inputs.annotations.faults import AnnotationError

from . import documents
from .documents import HEIGHT, WIDTH, shape

SIZE = HEIGHT, WIDTH
NAMES = ("_background_", "person", "cat", "dog")
IN_ORDER = Classes({"person": 1, "cat": 2, "dog": 3}, 255)
DRAGGED = Classes({"dog": 3, "person": 1, "cat": 2}, 255)
NONE = Classes({}, 255)
SQUARE = [[10.7, 10.0], [30.0, 10.0], [30.0, 30.0], [10.0, 30.0]]


def as_labelme(seed: int) -> Any:
    return documents.labelme(*(shape(NAMES[i], points) for i, points in documents.eiseg_polygons(seed)))


def as_list(seed: int) -> Any:
    return [
        {"name": NAMES[i], "labelIdx": i, "color": [0, 0, 0], "points": points}
        for i, points in documents.eiseg_polygons(seed)
    ]


def as_coco(seed: int) -> Any:
    mine = [coco_annotation(7, i, points) for i, points in documents.eiseg_polygons(seed)]
    return coco(coco_annotation(3, 1, SQUARE), *mine)


def coco_annotation(image: int, category: int, points: list[list[float]]) -> documents.Document:
    flat = [value for point in points for value in point]
    return {"image_id": image, "category_id": category, "segmentation": [flat], "iscrowd": 0}


def coco(*annotations: documents.Document) -> documents.Document:
    return {
        "categories": [{"id": i, "name": name} for i, name in enumerate(NAMES) if i],
        "images": [
            {"id": 3, "file_name": "b.jpg", "height": HEIGHT, "width": WIDTH},
            {"id": 7, "file_name": "a.jpg", "height": HEIGHT, "width": WIDTH},
        ],
        "annotations": list(annotations),
    }


def drawn(document: Any, classes: Classes = IN_ORDER, image: str = "images/a.jpg") -> Any:
    return eiseg.draw(eiseg.parse(document), classes, SIZE, image)


@pytest.mark.parametrize("layout", [as_labelme, as_list, as_coco])
@pytest.mark.parametrize(
    ("classes", "seed", "digest"),
    [
        (IN_ORDER, 0, "f65ad47094ba99cb"),
        (IN_ORDER, 1, "e63499767965314d"),
        (DRAGGED, 0, "b11d764b6c2e1127"),
        (DRAGGED, 1, "fa3f5b6804a6c302"),
    ],
)
def test_every_layout_is_drawn_as_eiseg_draws_its_masks(
    layout: Any, classes: Classes, seed: int, digest: str
) -> None:
    """The digests are of what getMask of EISeg (eiseg/app.py) makes of the same polygons."""
    mask = drawn(layout(seed), classes)
    assert hashlib.sha256(mask.tobytes()).hexdigest()[:16] == digest


@pytest.mark.parametrize("layout", [as_list, as_coco])
def test_layouts_that_hold_ids_need_no_labels(layout: Any) -> None:
    assert (drawn(layout(0), NONE) == drawn(layout(0))).all()


def test_labels_without_ids_need_a_list() -> None:
    with pytest.raises(
        AnnotationError, match=r"shapes\[0\]: label 'dog' has no class id; give dataset.classN"
    ):
        drawn(documents.labelme(shape("dog", SQUARE)), NONE)


def test_a_hole_that_is_bridged_to_stays_open() -> None:
    inner = [[15.0, 15.0], [25.0, 15.0], [25.0, 25.0], [15.0, 25.0], [15.0, 15.0]]
    mask = drawn(documents.labelme(shape("cat", [*SQUARE, SQUARE[0], *inner])))
    assert [mask[12, 20], mask[20, 20]] == [2, 0]


def test_a_picture_without_annotations_is_background() -> None:
    assert not drawn(coco()).any()


@pytest.mark.parametrize(
    ("document", "message"),
    [
        pytest.param("text", "must be a file that EISeg saved, got 'text'", id="text"),
        pytest.param({}, "has no list 'images'", id="another JSON"),
        pytest.param(
            documents.labelme(shape("cat", SQUARE, "circle")),
            "shapes[0]: EISeg draws only polygons, got 'circle'; set format: Labelme",
            id="circle",
        ),
        pytest.param(
            [{"name": "cat", "labelIdx": 1, "points": SQUARE}],
            "[0]: label 'cat' has id 1 here and 2 in the labels",
            id="another id",
        ),
        pytest.param(
            [{"name": "cow", "labelIdx": 300, "points": SQUARE}],
            "[0]: labelIdx must be from 0 to 255, got 300",
            id="large id",
        ),
        pytest.param(
            {**coco(), "images": []},
            "images holds 'a.jpg' 0 times; it must be there once",
            id="no such picture",
        ),
        pytest.param(
            coco({**coco_annotation(7, 1, SQUARE), "segmentation": {"counts": "x"}}),
            "annotations[0]: must be a segmentation of polygons, got {'counts': 'x'}",
            id="run lengths",
        ),
        pytest.param(
            coco({**coco_annotation(7, 1, SQUARE), "segmentation": [[1, 2, 3]]}),
            "annotations[0]: must be a flat list of x, y, x, y, …, got [1, 2, 3]",
            id="odd",
        ),
    ],
)
def test_what_cannot_be_drawn_is_named_by_its_place(document: Any, message: str) -> None:
    with pytest.raises(AnnotationError) as caught:
        drawn(document)
    assert str(caught.value) == message
