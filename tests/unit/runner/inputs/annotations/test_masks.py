import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segcompress_runner.errors import InvalidInputError
from segcompress_runner.inputs.annotations.classes import class_list
from segcompress_runner.inputs.annotations.masks import with_masks
from segcompress_runner.inputs.checks import check_pictures
from segcompress_runner.inputs.lists import Lists, read_lists
from segcompress_runner.progress import Silent

from .documents import MakeDataset, shape

SQUARE = [[5.0, 5.0], [15.0, 5.0], [15.0, 15.0], [5.0, 15.0]]


@pytest.fixture
def annotated(root: Path) -> Path:
    """Put a labelme file beside each of the two pictures, and name it in the lists."""
    for name, part in (("a", "train"), ("b", "val")):
        document = {"shapes": [shape("thing", SQUARE)], "imageHeight": 20, "imageWidth": 30}
        (root / f"{name}.json").write_text(json.dumps(document))
        (root / f"{part}.txt").write_text(f"{name}.jpg {name}.json\n")
    return root


def masks(root: Path, make_dataset: MakeDataset, **changes: object) -> Lists:
    dataset = make_dataset(**{"format": "Labelme", "classNames": ["ground", "thing"], **changes})
    lists = read_lists(root, dataset)
    drawn = with_masks(lists, dataset, class_list(dataset, {}), root / "work")
    check_pictures(drawn, dataset, Silent())
    return drawn


def test_masks_are_drawn_and_pass_the_checks(annotated: Path, make_dataset: MakeDataset) -> None:
    drawn = masks(annotated, make_dataset)
    mask = np.asarray(Image.open(drawn.val[0].mask))
    assert mask.shape == (20, 30)
    assert int(mask.sum()) == 11 * 11


def test_a_picture_in_both_lists_is_drawn_once(annotated: Path, make_dataset: MakeDataset) -> None:
    (annotated / "val.txt").write_text("a.jpg a.json\n")
    drawn = masks(annotated, make_dataset)
    assert drawn.train[0].mask.is_file()
    assert drawn.val[0].mask.is_file()


def test_masks_of_paddleseg_are_left_alone(root: Path, make_dataset: MakeDataset) -> None:
    assert masks(root, make_dataset, format="PaddleSeg").val[0].mask == root / "b.png"
    assert not (root / "work").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(
            json.dumps({"shapes": [shape("thin", SQUARE)]}),
            "b.json (val.txt line 1): shapes[0]: unknown label 'thin'; did you mean 'thing'?",
            id="label",
        ),
        pytest.param("[", "b.json (val.txt line 1): is not JSON (", id="not JSON"),
        pytest.param("[" * 100_000, "b.json (val.txt line 1): is not JSON (", id="deep"),
        pytest.param('{"shapes": NaN}', "b.json (val.txt line 1): has no list 'shapes'", id="NaN"),
    ],
)
def test_a_wrong_annotation_is_named_with_list_and_line(
    annotated: Path, make_dataset: MakeDataset, content: str, message: str
) -> None:
    (annotated / "b.json").write_text(content)
    with pytest.raises(InvalidInputError) as caught:
        masks(annotated, make_dataset)
    assert str(caught.value).startswith(message)


def test_a_mask_in_place_of_an_annotation_is_told_with_its_format(
    annotated: Path, make_dataset: MakeDataset
) -> None:
    (annotated / "b.json").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(InvalidInputError, match="is not JSON but a binary file; format PaddleSeg"):
        masks(annotated, make_dataset)


def test_an_id_that_the_spec_does_not_know_is_told_of_the_annotation(
    annotated: Path, make_dataset: MakeDataset
) -> None:
    polygon = {"name": "thing", "labelIdx": 3, "points": SQUARE}
    for name in "ab":
        (annotated / f"{name}.json").write_text(json.dumps([polygon]))
    with pytest.raises(
        InvalidInputError, match=r"^a\.json \(train\.txt line 1\): holds class id 3; numClasses"
    ):
        masks(annotated, make_dataset, format="EISeg", classNames=[])


def test_one_file_of_coco_serves_every_picture(annotated: Path, make_dataset: MakeDataset) -> None:
    flat = [value for point in SQUARE for value in point]
    (annotated / "annotations.json").write_text(
        json.dumps(
            {
                "categories": [{"id": 1, "name": "thing"}],
                "images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "b.jpg"}],
                "annotations": [{"image_id": 2, "category_id": 1, "segmentation": [flat]}],
            }
        )
    )
    (annotated / "train.txt").write_text("a.jpg annotations.json\n")
    (annotated / "val.txt").write_text("b.jpg annotations.json\n")
    drawn = masks(annotated, make_dataset, format="EISeg")
    sums = [int(np.asarray(Image.open(part[0].mask)).sum()) for part in (drawn.train, drawn.val)]
    assert sums == [0, 11 * 11]
