import pytest

from segcompress_runner.measurement.evaluation import MEMORY, batch_size


@pytest.mark.parametrize(
    ("height", "width", "classes", "batch"),
    [
        pytest.param(192, 192, 2, 16, id="portraits"),
        pytest.param(1024, 2048, 19, 1, id="cityscapes"),
        pytest.param(512, 1024, 19, 3, id="cityscapes-halved"),
        pytest.param(8192, 8192, 256, 1, id="larger-than-the-bound"),
    ],
)
def test_batches_are_bounded_by_memory(height: int, width: int, classes: int, batch: int) -> None:
    assert batch_size(height, width, classes) == batch
    assert batch == 1 or batch * 12 * height * width * (3 + classes) <= MEMORY


@pytest.mark.parametrize(
    ("layers_mib", "batch"),
    [
        pytest.param(0, 3, id="unknown"),
        pytest.param(100, 2, id="small"),
        pytest.param(667, 1, id="bisenetv2"),
    ],
)
def test_what_the_layers_compute_counts(layers_mib: int, batch: int) -> None:
    assert batch_size(512, 1024, 19, layers=layers_mib * 2**20) == batch
