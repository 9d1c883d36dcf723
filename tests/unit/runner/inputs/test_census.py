import numpy as np
import pytest

from segcompress_runner.inputs.census import IDS, Census, Tally, histogram, warnings

from .conftest import MakeDataset


def census(*counted: tuple[dict[int, int], dict[int, int]]) -> Census:
    made = Census()
    for train, val in counted:
        for tally, pixels in ((made.train, train), (made.val, val)):
            counts = np.zeros(IDS, np.int64)
            for class_id, number in pixels.items():
                counts[class_id] = number
            tally.add(counts)
    return made


def test_histogram_gives_shares_by_name(make_dataset: MakeDataset) -> None:
    dataset = make_dataset(classNames=["ground", "thing"])
    counted = census(({0: 1}, {0: 2, 1: 1, 255: 1})).val
    assert histogram(counted, dataset) == {"0 (ground)": 0.5, "1 (thing)": 0.25, "ignored": 0.25}


def test_tallies_merge() -> None:
    whole, part = census(({0: 3}, {1: 1})), census(({1: 1}, {1: 2}))
    whole.merge(part)
    assert (whole.train.pictures, whole.val.pictures) == (2, 2)
    assert (whole.train.share(0), whole.val.share(1)) == (0.75, 1.0)
    assert Tally().share(0) == 0.0


@pytest.mark.parametrize(
    ("train", "val", "said"),
    [
        pytest.param({1: 9}, {0: 1, 1: 9}, [], id="all is well"),
        pytest.param(
            {1: 9}, {1: 9}, ["spec.dataset.valList: of 1 validation pictures none holds"], id="absent"
        ),
        pytest.param(
            {0: 1, 255: 9}, {0: 1, 1: 1}, ["spec.dataset.trainList: 90% of the pixels"], id="ignored"
        ),
    ],
)
def test_counts_that_make_figures_mean_little_are_told(
    make_dataset: MakeDataset, train: dict[int, int], val: dict[int, int], said: list[str]
) -> None:
    found = [f"{where}: {problem}" for where, problem in warnings(census((train, val)), make_dataset())]
    assert len(found) == len(said)
    assert all(one.startswith(start) for one, start in zip(found, said, strict=True))


def test_a_class_that_is_ignored_is_not_missed(make_dataset: MakeDataset) -> None:
    dataset = make_dataset(ignoreIndex=1)
    assert list(warnings(census(({0: 1}, {0: 1})), dataset)) == []
