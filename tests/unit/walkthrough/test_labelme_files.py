"""Masks as labelme files, and back by the code that draws them in a run."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segcompress_runner.inputs.annotations import labelme
from segcompress_runner.inputs.annotations.classes import Classes
from walkthrough.labelme_files import Mask, mark, outline, write

CLASSES = Classes({"background": 0, "person": 1}, ignore_index=255)


def ring() -> Mask:
    """Return a square with a hole, and a dot in the hole."""
    mask = np.zeros((40, 60), np.uint8)
    mask[5:35, 10:50] = 1
    mask[12:28, 20:40] = 0
    mask[19:21, 29:31] = 1
    return mask


def specks() -> Mask:
    mask = np.zeros((20, 30), np.uint8)
    mask[3, 4] = mask[7, 8:11] = 1
    mask[12:16, 12:29] = 1
    return mask


@pytest.mark.parametrize("mask", [ring(), specks(), np.ones((9, 9), np.uint8)], ids=["ring", "specks", "all"])
def test_a_run_draws_the_mask_that_was_outlined(mask: Mask, tmp_path: Path) -> None:
    drawn, shapes = outline(mask)
    write(tmp_path / "a.json", "a.jpg", shapes, mask.shape)
    document = json.loads((tmp_path / "a.json").read_text())
    assert np.array_equal(labelme.draw(document, CLASSES, (mask.shape[0], mask.shape[1])), mask)
    assert np.array_equal(drawn, mask)


def test_lists_name_labelme_files_beside_their_pictures(tmp_path: Path) -> None:
    dataset = tmp_path / "masks"
    for name in ("train", "val"):
        (dataset / name).mkdir(parents=True)
        Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(dataset / name / "1.jpg")
        Image.fromarray(ring()).save(dataset / name / "1.png")
        (dataset / f"{name}.txt").write_text(f"{name}/1.jpg {name}/1.png\n")
    marked = mark(dataset, tmp_path / "marked")
    assert (marked.files, marked.shapes, marked.agreeing) == (2, 6, 1.0)
    assert (tmp_path / "marked" / "val.txt").read_text() == "val/1.jpg val/1.json\n"
    document = json.loads((tmp_path / "marked" / "val" / "1.json").read_text())
    assert (document["imagePath"], document["imageHeight"], document["imageWidth"]) == ("1.jpg", 40, 60)
    assert [shape["label"] for shape in document["shapes"]] == ["person", "_background_", "person"]
