"""Boundary IoU, held against a definition that looks at every pixel's surroundings."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from segcompress_api.dataset import Dataset
from segcompress_runner.measurement.boundary import Boundaries, BoundaryIou, band, count, reach
from segcompress_runner.measurement.loading import Picture

IGNORED = 255
Map = NDArray[np.uint8]


def naive_band(ids: Map, known: NDArray[np.bool_], distance: int) -> NDArray[np.bool_]:
    """Return the band by its definition, pixel by pixel."""
    height, width = ids.shape
    found = np.zeros(ids.shape, bool)
    for row, column in np.argwhere(known):
        top, left = row - distance, column - distance
        if top < 0 or left < 0 or row + distance >= height or column + distance >= width:
            found[row, column] = True
            continue
        around = np.s_[top : row + distance + 1, left : column + distance + 1]
        found[row, column] = (known[around] & (ids[around] != ids[row, column])).any()
    return found


def naive_iou(pairs: list[tuple[Map, Map]], classes: int) -> list[float]:
    """Return each class's boundary IoU by the paper's formula, over the pixels of all pictures."""
    common, either = [0] * classes, [0] * classes
    for label, predicted in pairs:
        known, distance = label != IGNORED, reach(*label.shape)
        bands = [naive_band(ids, known, distance) for ids in (label, predicted)]
        for index in range(classes):
            first, second = bands[0] & (label == index), bands[1] & (predicted == index)
            common[index] += int((first & second).sum())
            either[index] += int((first | second).sum())
    return [a / b if b else 0.0 for a, b in zip(common, either, strict=True)]


SHAPES = st.tuples(st.integers(1, 12), st.integers(1, 12))


@st.composite
def maps(draw: st.DrawFn, classes: int = 3) -> tuple[Map, Map]:
    """Return a label that may hold ignored pixels, and a prediction of its size."""
    shape = draw(SHAPES)
    ids = st.integers(0, classes - 1)
    label = draw(arrays(np.uint8, shape, elements=ids | st.just(IGNORED)))
    return label, draw(arrays(np.uint8, shape, elements=ids))


def dataset(classes: int, ignored: int = IGNORED) -> Dataset:
    transforms: list[dict[str, Any]] = [{"type": "Normalize"}]
    return Dataset.model_validate(
        {
            "uri": "file:///nowhere",
            "numClasses": classes,
            "ignoreIndex": ignored,
            "trainTransforms": transforms,
            "valTransforms": transforms,
        }
    )


def picture(index: int, label: Map) -> Picture:
    return Picture(index, np.zeros((3, 1, 1), np.float32), label)


def scores(pairs: list[tuple[Map, Map]], classes: int) -> BoundaryIou:
    counted = Boundaries(dataset(classes))
    for index, (label, predicted) in enumerate(pairs):
        counted.observe(picture(index, label), predicted)
    return counted.scores()


@settings(deadline=None)
@given(maps(), st.integers(1, 4))
def test_a_band_is_what_its_definition_says(pair: tuple[Map, Map], distance: int) -> None:
    label, predicted = pair
    for known in (label != IGNORED, np.ones(label.shape, bool)):
        assert np.array_equal(band(predicted, known, distance), naive_band(predicted, known, distance))


@settings(deadline=None)
@given(st.lists(maps(), min_size=1, max_size=4))
def test_iou_is_the_papers_over_all_pictures(pairs: list[tuple[Map, Map]]) -> None:
    found, expected = scores(pairs, 3), naive_iou(pairs, 3)
    assert list(found.classes) == expected
    assert found.mean == pytest.approx(sum(expected) / 3)


@settings(deadline=None)
@given(maps())
def test_a_right_prediction_finds_every_boundary(pair: tuple[Map, Map]) -> None:
    """A class has none where nothing but ignored pixels surround it."""
    label, other = pair
    right = np.where(label == IGNORED, other, label)
    near = naive_band(label, label != IGNORED, reach(*label.shape))
    expected = tuple(float((near & (label == index)).any()) for index in range(3))
    assert scores([(label, right)], 3).classes == expected


@settings(deadline=None)
@given(maps(), st.data())
def test_what_is_predicted_where_pixels_are_ignored_changes_nothing(
    pair: tuple[Map, Map], data: st.DataObject
) -> None:
    label, predicted = pair
    other = data.draw(arrays(np.uint8, label.shape, elements=st.integers(0, 2)))
    changed = np.where(label == IGNORED, other, predicted)
    assert np.array_equal(count(label, predicted, 3, IGNORED), count(label, changed, 3, IGNORED))


def test_an_ignored_stripe_is_no_contour() -> None:
    """Half of the picture is road, half is ignored: only the picture's edge is a contour of the road."""
    label = np.zeros((40, 60), np.uint8)
    label[:, 30:] = IGNORED
    known = label != IGNORED
    near = band(label, known, 2)
    assert near[:, :2].all()
    assert not near[2:-2, 2:30].any()
    assert not near[:, 30:].any()


def test_a_shifted_square_loses_more_along_its_boundary_than_in_its_area() -> None:
    label, predicted = np.zeros((200, 300), np.uint8), np.zeros((200, 300), np.uint8)
    label[50:150, 100:200], predicted[54:154, 104:204] = 1, 1
    area = (label & predicted).sum() / (label | predicted).sum()
    assert area > 0.85
    assert scores([(label, predicted)], 2).classes[1] < 0.4


@pytest.mark.parametrize(
    ("height", "width", "distance"),
    [(1024, 2048, 46), (192, 192, 5), (480, 640, 16), (3, 4, 1), (1, 1, 1)],
)
def test_reach_is_two_percent_of_the_diagonal_and_never_nothing(
    height: int, width: int, distance: int
) -> None:
    assert reach(height, width) == distance


@pytest.mark.parametrize("ignored", [0, 255])
def test_the_greatest_and_the_least_id_are_classes_like_any_other(ignored: int) -> None:
    label = np.full((20, 20), 255 - ignored, np.uint8)
    label[:10] = 7
    label[10:12] = ignored
    found = Boundaries(dataset(256, ignored))
    found.observe(picture(0, label), np.where(label == ignored, 7, label).astype(np.uint8))
    classes = found.scores().classes
    assert [index for index, iou in enumerate(classes) if iou == 1] == sorted({7, 255 - ignored})
    assert sum(classes) == 2


def test_classes_that_nothing_holds_count_as_zero_in_the_mean() -> None:
    label = np.zeros((8, 8), np.uint8)
    assert scores([(label, label)], 4) == BoundaryIou(0.25, (1.0, 0.0, 0.0, 0.0))


def test_threads_that_share_a_count_lose_nothing() -> None:
    random = np.random.default_rng(5)
    pairs = [tuple(random.integers(0, 3, (2, 30, 40), np.uint8)) for _ in range(64)]
    shared = Boundaries(dataset(3))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda pair: shared.observe(picture(0, pair[0]), pair[1]), pairs))
    assert shared.scores() == scores([(label, predicted) for label, predicted in pairs], 3)
