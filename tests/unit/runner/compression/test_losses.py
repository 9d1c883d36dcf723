"""The distillation losses, next to plain NumPy that follows the papers pixel by pixel."""

import numpy as np
import paddle
import pytest
from numpy.typing import NDArray

from segcompress_runner.compression import losses
from segcompress_runner.compression.static_graph import static_mode

Values = NDArray[np.float32]


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(scores - scores.max())
    probabilities: NDArray[np.float64] = powers / powers.sum()
    return probabilities


def divergence(given: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    return float(sum(p * np.log(p / q) for p, q in zip(right, given, strict=True) if p > 0))


def by_pixel(student: Values, teacher: Values) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return (student's, teacher's) scores of the classes, for each pixel of each picture."""
    moved = [np.moveaxis(values, 1, -1).astype(np.float64) for values in (student, teacher)]
    return list(zip(*(values.reshape(-1, values.shape[-1]) for values in moved), strict=True))


def l2(student: NDArray[np.float64], teacher: NDArray[np.float64]) -> float:
    return float(np.mean((student - teacher) ** 2))


def soft_label(student: NDArray[np.float64], teacher: NDArray[np.float64]) -> float:
    return float(-np.sum(softmax(teacher) * np.log(softmax(student))))


def dkd(student: NDArray[np.float64], teacher: NDArray[np.float64]) -> float:
    """Equation 7 of the paper, with both weights 1."""
    target = int(np.argmax(teacher))
    binary = [np.array([p[target], 1 - p[target]]) for p in (softmax(student), softmax(teacher))]
    others = [softmax(np.delete(scores, target)) for scores in (student, teacher)]
    return divergence(*binary) + divergence(*others)


def skd(student: NDArray[np.float64], teacher: NDArray[np.float64]) -> float:
    spread = teacher.std(ddof=1)
    normal = [(one - one.mean()) / np.sqrt(one.var() + 1e-7) * spread for one in (student, teacher)]
    return float(-np.sum(softmax(normal[1]) * np.log(softmax(normal[0]))))


REFERENCES = {"l2": l2, "soft_label": soft_label, "dkd": dkd, "skd": skd}


def computed(loss: str, student: Values, teacher: Values) -> tuple[float, Values]:
    """Return the loss and its gradient by the student's values."""
    with static_mode(), paddle.static.scope_guard(paddle.static.Scope()):
        given = paddle.static.data("student", [-1, *student.shape[1:]], "float32")
        taught = paddle.static.data("teacher", [-1, *teacher.shape[1:]], "float32")
        given.stop_gradient = False
        value = losses.LOSSES[loss](given, taught)
        (gradient,) = paddle.static.gradients([value], [given])
        executor = paddle.static.Executor(paddle.CPUPlace())
        found, slope = executor.run(
            feed={"student": student, "teacher": teacher}, fetch_list=[value, gradient]
        )
    return float(found), np.asarray(slope)


def scores(classes: int, seed: int) -> Values:
    return np.random.default_rng(seed).normal(0, 3, (2, classes, 3, 5)).astype(np.float32)


@pytest.mark.parametrize("classes", [3, 19])
@pytest.mark.parametrize("loss", REFERENCES)
def test_each_loss_is_the_papers_averaged_over_pixels(loss: str, classes: int) -> None:
    student, teacher = scores(classes, 0), scores(classes, 1)
    expected = np.mean([REFERENCES[loss](*pixel) for pixel in by_pixel(student, teacher)])
    found, slope = computed(loss, student, teacher)
    assert found == pytest.approx(expected, rel=1e-4)
    assert np.isfinite(slope).all()
    assert np.any(slope != 0)


@pytest.mark.parametrize("loss", ["soft_label", "dkd"])
def test_two_classes_are_enough(loss: str) -> None:
    student, teacher = scores(2, 0), scores(2, 1)
    expected = np.mean([REFERENCES[loss](*pixel) for pixel in by_pixel(student, teacher)])
    assert computed(loss, student, teacher)[0] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("loss", REFERENCES)
def test_no_loss_falls_below_that_of_the_teacher_itself(loss: str) -> None:
    student, teacher = scores(5, 0), scores(5, 1)
    best, slope = computed(loss, teacher, teacher)
    assert computed(loss, student, teacher)[0] > best
    assert np.abs(slope).max() < 1e-6


def test_the_target_class_of_a_tie_is_one_class() -> None:
    """A ReLU makes ties: every class that is not seen has the score 0."""
    teacher = np.zeros((1, 4, 1, 1), np.float32)
    student = scores(4, 0)[:1, :, :1, :1]
    assert computed("dkd", student, teacher)[0] == pytest.approx(
        dkd(student.ravel().astype(np.float64), teacher.ravel().astype(np.float64)), rel=1e-4
    )


@pytest.mark.parametrize("loss", REFERENCES)
def test_a_certain_teacher_gives_finite_gradients(loss: str) -> None:
    teacher = np.zeros((1, 3, 2, 2), np.float32)
    teacher[:, 1] = 1000.0
    value, slope = computed(loss, -teacher, teacher)
    assert np.isfinite(value)
    assert np.isfinite(slope).all()
