import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segcompress_api.dataset import Dataset
from segcompress_api.job import JobSpec
from segcompress_runner.findings import Findings
from segcompress_runner.inputs.annotations.classes import class_list
from segcompress_runner.inputs.fetch import read_listed
from segcompress_runner.inputs.lists import Entry
from segcompress_runner.inputs.survey import FIRST, Looked, Surveyor, parts
from segcompress_runner.storage import LocalStorage

from .conftest import MakeDataset


def entries(count: int) -> list[Entry]:
    return [Entry(f"{number}.jpg", f"{number}.png", f"line {number}") for number in range(count)]


@pytest.mark.parametrize(("train", "val"), [(0, 3), (200, 50), (5, 900), (64, 64)])
def test_parts_hold_every_line_once_and_some_of_both_lists(train: int, val: int) -> None:
    found = list(parts(entries(train), entries(val)))
    assert sorted(one.image for part in found for one in part.train) == sorted(
        e.image for e in entries(train)
    )
    assert sorted(one.image for part in found for one in part.val) == sorted(e.image for e in entries(val))
    assert len(found[0].val) >= min(FIRST, val)
    assert len(found[0].train) >= min(FIRST, train)


def test_parts_are_the_same_each_time() -> None:
    assert list(parts(entries(200), entries(50))) == list(parts(entries(200), entries(50)))


def survey(root: Path, dataset: Dataset, until: float) -> tuple[Looked, list[str]]:
    spec = JobSpec.model_validate(
        {
            "model": {"inference": {"uri": f"file://{root}/"}},
            "dataset": dataset.to_wire(),
            "strategy": {},
            "output": {"uri": "file:///out/"},
        }
    )
    findings, storage = Findings(), LocalStorage()
    listed = read_listed(spec, storage)
    surveyor = Surveyor(storage, root / "work", 2, findings)
    looked = surveyor.look(listed, dataset, class_list(dataset, listed.lists), until)
    return looked, [str(finding) for finding in findings]


def test_every_wrong_picture_is_told_and_the_right_ones_are_counted(
    root: Path, make_dataset: MakeDataset
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (20, 30, 3)).astype(np.uint8)
    for name in ("cut", "large"):
        Image.fromarray(noise).save(root / f"{name}.jpg")
        Image.fromarray(np.zeros((20, 30), np.uint8)).save(root / f"{name}.png")
    (root / "cut.jpg").write_bytes((root / "cut.jpg").read_bytes()[:-300])
    Image.fromarray(np.full((20, 30), 7, np.uint8)).save(root / "large.png")
    (root / "train.txt").write_text("a.jpg a.png\ncut.jpg cut.png\nlarge.jpg large.png\ngone.jpg a.png\n")

    looked, said = survey(root, make_dataset(uri=f"file://{root}/"), time.monotonic() + 60)

    assert looked.tried == 5
    assert [sample.image.name for sample in (*looked.train, *looked.val)].count("a.jpg") == 1
    assert looked.census.val.pictures == 1
    starts = (
        f"error: {root}/gone.jpg (train.txt line 4): does not exist",
        "error: cut.jpg (train.txt line 2): is broken or truncated",
        "error: large.png (train.txt line 3): holds class id 7; numClasses is 2",
    )
    assert len(said) == len(starts)
    assert all(any(one.startswith(start) for one in said) for start in starts)


def test_a_survey_that_is_late_looks_at_one_part(root: Path, make_dataset: MakeDataset) -> None:
    (root / "train.txt").write_text("a.jpg a.png\n" * 500)
    looked, said = survey(root, make_dataset(uri=f"file://{root}/"), 0.0)
    assert said == []
    assert FIRST < looked.tried < 501
