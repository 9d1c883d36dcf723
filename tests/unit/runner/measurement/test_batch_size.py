import pytest

from segcompress_runner.measurement.evaluation import MEMORY, at_once, batch_size


@pytest.mark.parametrize(
    ("height", "width", "classes", "pictures"),
    [
        pytest.param(192, 192, 2, 242, id="portraits"),
        pytest.param(1024, 2048, 19, 1, id="cityscapes"),
        pytest.param(512, 1024, 19, 3, id="cityscapes-halved"),
    ],
)
def test_as_many_pictures_are_evaluated_at_once_as_memory_holds(
    height: int, width: int, classes: int, pictures: int
) -> None:
    assert at_once(height, width, classes) == pictures
    taken = 12 * height * width * (3 + classes)
    assert pictures == 1 or pictures * taken <= MEMORY < (pictures + 1) * taken


def test_one_picture_is_evaluated_whatever_it_takes() -> None:
    assert at_once(8192, 8192, 256) == 1


@pytest.mark.parametrize(
    ("layers_mib", "pictures"),
    [
        pytest.param(0, 3, id="unknown"),
        pytest.param(100, 2, id="small"),
        pytest.param(667, 1, id="bisenetv2"),
    ],
)
def test_what_the_layers_compute_counts(layers_mib: int, pictures: int) -> None:
    assert at_once(512, 1024, 19, layers=layers_mib * 2**20) == pictures


@pytest.mark.parametrize(
    ("pictures", "predictors", "size"),
    [
        pytest.param(242, 1, 16, id="one-predictor"),
        pytest.param(242, 3, 2, id="several-predictors"),
        pytest.param(3, 1, 3, id="as-memory-allows"),
        pytest.param(3, 2, 1, id="predictors-share-the-memory"),
        pytest.param(1, 2, 1, id="always-one"),
    ],
)
def test_a_batch_is_its_predictors_share(pictures: int, predictors: int, size: int) -> None:
    assert batch_size(pictures, predictors) == size
