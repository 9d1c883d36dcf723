import pytest

from segcompress_runner.measurement.trouble import LossTrend, collapse, constant_prediction

NAMES = ("background", "person")
Matrix = list[list[int]]


@pytest.mark.parametrize(
    ("confusion", "constant"),
    [
        pytest.param([[900, 0], [100, 0]], 0, id="all-background"),
        pytest.param([[0, 900], [0, 100]], 1, id="all-person"),
        pytest.param([[899, 1], [100, 0]], 0, id="but-for-a-thousandth"),
        pytest.param([[898, 2], [100, 0]], None, id="but-for-two-thousandths"),
        pytest.param([[900, 0], [10, 90]], None, id="sound"),
        pytest.param([[900, 0], [0, 0]], None, id="labels-are-constant-too"),
        pytest.param([[0, 0], [0, 0]], None, id="nothing-counted"),
    ],
)
def test_constant_predictions(confusion: Matrix, constant: int | None) -> None:
    assert constant_prediction(confusion) == constant


@pytest.mark.parametrize(
    ("iou", "confusion", "message"),
    [
        pytest.param(
            (0.9, 0.0), [[900, 0], [100, 0]], "every pixel is predicted as background", id="constant"
        ),
        pytest.param((0.9, 0.01), [[890, 10], [98, 2]], "the model no longer finds person", id="a-class"),
        pytest.param((0.9, 0.5), [[900, 0], [50, 50]], None, id="sound"),
    ],
)
def test_a_collapse_is_put_in_words(iou: tuple[float, ...], confusion: Matrix, message: str | None) -> None:
    assert collapse((0.95, 0.56), iou, confusion, NAMES) == message


def notes(losses: list[float], start: int = 0) -> list[str]:
    trend = LossTrend(start)
    messages = (trend.growth(iteration, loss) for iteration, loss in enumerate(losses, 1))
    return [sentence for sentence in messages if sentence]


@pytest.mark.parametrize(
    ("losses", "count"),
    [
        pytest.param([1.0] * 40, 0, id="level"),
        pytest.param([1 / n for n in range(1, 40)], 0, id="falls"),
        pytest.param([1.0] * 10 + [100.0] + [1.0] * 10, 0, id="one-outlier"),
        pytest.param([1.0] * 10 + [3.0] * 10, 1, id="tripled"),
        pytest.param([1.0] * 5 + [2.0] * 20, 0, id="doubled-exactly"),
        pytest.param([1.0] * 10 + [3.0] * 10 + [9.0] * 10, 2, id="repeated-once-it-has-grown-again"),
        pytest.param([1.0, 1.0, 9.0], 0, id="too-short-for-a-trend"),
    ],
)
def test_a_growing_loss_is_told_once_a_doubling(losses: list[float], count: int) -> None:
    assert len(notes(losses)) == count


def test_a_loss_may_grow_while_the_ramp_prunes() -> None:
    assert notes([float(n) for n in range(1, 21)] + [20.0] * 20, start=20) == []
    (message,) = notes([1.0] * 20 + [2.0] * 5 + [6.0] * 5, start=20)
    assert message == "the loss grows: 2 before, 6 by iteration 30"
