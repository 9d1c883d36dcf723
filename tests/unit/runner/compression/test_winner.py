"""Only evaluations at the full ratio can win."""

from segcompress_runner.compression.winner import Evaluation, is_due, reaches, wins


def evaluation(iteration: int, miou: float, *, eligible: bool = True) -> Evaluation:
    return Evaluation(iteration, miou, 0.75, eligible)


def winner(*evaluations: Evaluation) -> Evaluation | None:
    best = None
    for one in evaluations:
        if wins(one, best):
            best = one
    return best


def test_a_better_evaluation_from_before_the_ramps_end_does_not_win() -> None:
    early, late = evaluation(10, 0.9, eligible=False), evaluation(80, 0.3)
    assert winner(early, late) == late


def test_without_an_eligible_evaluation_nothing_wins() -> None:
    assert winner(evaluation(10, 0.9, eligible=False)) is None


def test_the_best_of_the_eligible_wins_and_of_equals_the_later() -> None:
    first, second, worse = evaluation(70, 0.6), evaluation(75, 0.6), evaluation(80, 0.5)
    assert winner(first, second, worse) == second


def test_the_target_counts_only_once_the_ramp_is_over() -> None:
    assert not reaches(evaluation(10, 0.9, eligible=False), 0.5)
    assert reaches(evaluation(80, 0.5), 0.5)
    assert not reaches(evaluation(80, 0.4), 0.5)
    assert not reaches(evaluation(80, 0.9), None)


def test_one_evaluation_always_stands_at_the_end() -> None:
    assert [n for n in range(1, 81) if is_due(n, 30, 80)] == [30, 60, 80]
    assert [n for n in range(1, 21) if is_due(n, 1000, 20)] == [20]
    assert [n for n in range(1, 41) if is_due(n, 20, 40)] == [20, 40]
