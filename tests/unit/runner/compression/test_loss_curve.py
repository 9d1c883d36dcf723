import pytest

from segcompress_runner.compression.loss_curve import POINTS, LossCurve


@pytest.mark.parametrize(("total", "points"), [(1, 1), (POINTS, POINTS), (POINTS + 1, 101), (9000, POINTS)])
def test_long_training_has_few_points_and_the_last_iteration_is_in(total: int, points: int) -> None:
    curve = LossCurve(total)
    for loss in range(total):
        curve.add(float(loss))
    found = curve.points()
    assert (len(found), found[-1].iteration) == (points, total)


def test_point_is_the_mean_since_the_one_before() -> None:
    curve = LossCurve(2 * POINTS)
    for loss in (1.0, 3.0, 5.0):
        curve.add(loss)
    assert [(one.iteration, one.loss) for one in curve.points()] == [(2, 2.0), (3, 5.0)]


def test_training_that_did_not_begin_has_no_curve() -> None:
    assert LossCurve(10).points() == ()
