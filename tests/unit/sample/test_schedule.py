import pytest

from schedule import SIZE, learning_rate, picture_size, remaining_seconds


@pytest.mark.parametrize("iterations", [1, 2, 7, 240])
def test_the_last_iteration_sees_pictures_of_the_models_size(iterations: int) -> None:
    assert picture_size(iterations - 1, iterations) == SIZE


def test_pictures_only_grow() -> None:
    sizes = [picture_size(iteration, 240) for iteration in range(240)]
    assert sizes == sorted(sizes)
    assert sizes[0] < SIZE


def test_the_rate_rises_to_the_peak_and_falls_to_a_hundredth() -> None:
    rates = [learning_rate(iteration, 1000, 0.5) for iteration in range(1000)]
    top = rates.index(max(rates))
    assert max(rates) == pytest.approx(0.5, rel=0.01)
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] == pytest.approx(0.005)


def test_a_training_of_one_iteration_has_a_rate() -> None:
    assert learning_rate(0, 1, 0.5) > 0


def test_time_left_counts_that_later_pictures_are_larger() -> None:
    half = remaining_seconds(120, 240, 60.0)
    assert half > 60.0
    assert remaining_seconds(240, 240, 200.0) == 0
