import pytest

from segcompress_runner.measurement.schedule import Block, abba, percentile


def test_two_models_take_turns_there_and_back() -> None:
    assert [block.index for block in abba(2, 16)][:8] == [0, 1, 1, 0, 0, 1, 1, 0]


def test_three_models_take_turns_there_and_back() -> None:
    assert [block.index for block in abba(3, 16)][:6] == [0, 1, 2, 2, 1, 0]


@pytest.mark.parametrize("queries", [16, 17, 100, 1000, 1024, 1025, 100_000])
@pytest.mark.parametrize("models", [1, 2, 3])
def test_every_model_gets_as_many_queries_and_no_fewer_than_asked(models: int, queries: int) -> None:
    turns = abba(models, queries)
    counts = [sum(turn.queries for turn in turns if turn.index == model) for model in range(models)]
    assert len(set(counts)) == 1
    assert queries <= counts[0] < queries + 2 * turns[0].queries


def test_turns_add_up_to_the_same_place_for_every_model() -> None:
    """The mean position of each model's turns is the middle: a steady drift changes no ratio."""
    turns = abba(3, 1024)
    means = [
        sum(place for place, turn in enumerate(turns) if turn.index == model)
        / sum(turn.index == model for turn in turns)
        for model in range(3)
    ]
    assert means == [(len(turns) - 1) / 2] * 3


def test_a_turn_is_short_beside_the_whole() -> None:
    assert abba(2, 1024)[0] == Block(0, 16)
    assert abba(2, 64)[0] == Block(0, 4)


@pytest.mark.parametrize(
    ("percent", "expected"),
    [(0, 1.0), (10, 1.0), (50, 5.0), (90, 9.0), (91, 10.0), (100, 10.0)],
)
def test_percentile_is_a_measured_value(percent: float, expected: float) -> None:
    assert percentile([float(value) for value in range(10, 0, -1)], percent) == expected


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)
