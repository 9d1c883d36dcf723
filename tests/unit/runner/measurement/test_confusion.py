import numpy as np
import pytest
from numpy.typing import NDArray

from segcompress_runner.measurement import confusion


def ids(*rows: list[int]) -> NDArray[np.int64]:
    return np.array(rows, np.int64)


def test_counts_pixels_by_true_row_and_predicted_column() -> None:
    label = ids([0, 0, 1], [1, 2, 2])
    predicted = ids([0, 1, 1], [1, 2, 0])
    counted = confusion.count(label, predicted, 3, 255)
    assert counted.tolist() == [[1, 1, 0], [0, 2, 0], [1, 0, 1]]


def test_ignored_pixels_count_nowhere() -> None:
    counted = confusion.count(ids([0, 255, 255]), ids([0, 0, 1]), 2, 255)
    assert counted.tolist() == [[1, 0], [0, 0]]


def test_an_ignored_id_below_the_number_of_classes_counts_nowhere() -> None:
    counted = confusion.count(ids([0, 1, 1]), ids([0, 0, 1]), 2, 1)
    assert counted.tolist() == [[1, 0], [0, 0]]


@pytest.mark.parametrize(
    ("label", "predicted", "message"),
    [
        pytest.param([2], [0], "label holds class id 2", id="label-too-high"),
        pytest.param([254], [0], "label holds class id 254", id="label-far-too-high"),
        pytest.param([-1], [0], "label holds class id -1", id="label-negative"),
        pytest.param([300], [0], "label holds class id 300", id="label-over-8-bits"),
        pytest.param([0], [2], "prediction holds class id 2", id="prediction-too-high"),
        pytest.param([0], [-1], "prediction holds class id -1", id="prediction-negative"),
    ],
)
def test_ids_outside_the_classes_are_refused(label: list[int], predicted: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        confusion.count(ids(label), ids(predicted), 2, 255)


def test_parts_add_up_to_the_whole() -> None:
    random = np.random.default_rng(0)
    label = random.choice(np.array([0, 1, 2, 255]), (6, 8))
    predicted = random.integers(0, 3, (6, 8))
    whole = confusion.count(label, predicted, 3, 255)
    parts = [confusion.count(label[i : i + 2], predicted[i : i + 2], 3, 255) for i in (0, 2, 4)]
    assert np.array_equal(whole, np.sum(parts, axis=0))
    assert whole.sum() == (label != 255).sum()


def test_iou_of_a_class_that_nobody_saw_is_zero() -> None:
    iou = confusion.class_iou(np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]]))
    assert iou.tolist() == [3 / 4, 4 / 5, 0.0]


def test_iou_of_a_class_of_one_pixel_is_all_or_nothing() -> None:
    assert confusion.class_iou(np.array([[5, 0], [0, 1]])).tolist() == [1.0, 1.0]
    assert confusion.class_iou(np.array([[5, 0], [1, 0]])).tolist() == [5 / 6, 0.0]


def test_ids_of_8_bits_count_like_any_other() -> None:
    random = np.random.default_rng(2)
    label, predicted = (random.integers(0, 256, (64, 64)) for _ in range(2))
    small = confusion.count(label.astype(np.uint8), predicted.astype(np.uint8), 256, 0)
    assert np.array_equal(small, confusion.count(label, predicted, 256, 0))
    assert small.sum() == (label != 0).sum()


def test_accuracy_is_the_share_of_right_pixels() -> None:
    assert confusion.accuracy(np.array([[3, 1], [0, 4]])) == 7 / 8
    assert confusion.accuracy(np.zeros((2, 2), np.int64)) == 0.0


def test_likeliest_is_argmax_and_takes_the_lower_id_of_equals() -> None:
    scores = np.random.default_rng(1).integers(0, 4, (5, 16, 16)).astype(np.float32)
    assert np.array_equal(confusion.likeliest(scores), scores.argmax(axis=0))
