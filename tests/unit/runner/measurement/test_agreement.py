from pathlib import Path

import numpy as np

from segcompress_runner.measurement.agreement import Agreement, LabelMaps
from segcompress_runner.measurement.loading import Picture


def picture(index: int) -> Picture:
    return Picture(index, np.zeros((3, 1, 1), np.float32), np.zeros((1, 1), np.uint8))


def test_maps_are_compared_picture_by_picture_in_any_order(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    first = [random.integers(0, 19, shape, np.uint8) for shape in ((4, 6), (3, 5), (7, 2))]
    maps, agreement = LabelMaps(tmp_path / "maps"), Agreement()
    for index, ids in enumerate(first):
        maps.keep(picture(index), ids)
    observe = maps.compare(agreement)
    for index in (2, 0, 1):
        other = first[index].copy()
        other[0, : index + 1] += 1
        observe(picture(index), other)
    assert (agreement.pixels, agreement.differing) == (24 + 15 + 14, 1 + 2 + 2)
    assert agreement.differing_share == 5 / 53


def test_nothing_compared_is_no_difference() -> None:
    assert Agreement().differing_share == 0
