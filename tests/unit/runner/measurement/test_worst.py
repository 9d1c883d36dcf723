from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segcompress_runner.measurement.agreement import LabelMaps
from segcompress_runner.measurement.loading import Picture
from segcompress_runner.measurement.worst import SHOWN, Worst, Wrong

IGNORED = 255


def picture(index: int, *label: int) -> Picture:
    return Picture(index, np.zeros((3, 1, 1), np.float32), np.array([label], np.uint8))


def ids(*row: int) -> NDArray[np.uint8]:
    return np.array([row], np.uint8)


def test_pictures_are_ordered_by_what_the_compression_lost(tmp_path: Path) -> None:
    before = LabelMaps(tmp_path / "maps")
    worst = Worst(before, IGNORED)
    cases = [  # label, baseline, compressed
        ((1, 1, 1, 1), (1, 1, 1, 1), (1, 1, 1, 0)),
        ((1, 1, 1, 1), (0, 0, 0, 0), (0, 0, 0, 0)),
        ((1, 1, IGNORED, IGNORED), (1, 1, 0, 0), (0, 1, 1, 1)),
        ((1, 1, 1, 1), (0, 1, 1, 1), (1, 1, 1, 1)),
    ]
    for index, (label, baseline, _) in enumerate(cases):
        before.keep(picture(index, *label), ids(*baseline))
    for index, (label, _, compressed) in enumerate(cases):
        worst.observe(picture(index, *label), ids(*compressed))
    assert worst.pictures() == (Wrong(2, 2, 0, 1), Wrong(0, 4, 0, 1), Wrong(1, 4, 4, 4), Wrong(3, 4, 1, 0))
    assert [one.worsening for one in worst.pictures(2)] == [0.5, 0.25]


def test_no_more_are_shown_than_a_reader_looks_at(tmp_path: Path) -> None:
    before = LabelMaps(tmp_path / "maps")
    worst = Worst(before, IGNORED)
    for index in range(SHOWN + 3):
        before.keep(picture(index, 1), ids(1))
        worst.observe(picture(index, 1), ids(0))
    assert [one.index for one in worst.pictures()] == list(range(SHOWN))


def test_picture_without_a_pixel_that_counts_is_no_division_by_zero() -> None:
    assert Wrong(0, 0, 0, 0).worsening == 0
