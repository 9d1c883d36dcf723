"""Pictures that go bad while a training runs."""

from pathlib import Path

import pytest

from segcompress_api.dataset import Transform
from segcompress_runner.compression.loader import batches
from segcompress_runner.compression.order import Order
from segcompress_runner.errors import InvalidInputError, InvalidSettingError
from segcompress_runner.inputs.dataset import Pictures
from segcompress_runner.inputs.lists import Sample, read_list

from .conftest import write_dataset


def pictures_in(folder: Path, *transforms: dict[str, object]) -> Pictures:
    write_dataset(folder)
    entries = read_list(folder, "train.txt")
    samples = [Sample(folder / e.image, folder / e.mask, e.origin, folder) for e in entries]
    return Pictures(samples, [Transform.model_validate(t) for t in transforms], mode="train")


@pytest.mark.parametrize("threads", [1, 2])
def test_picture_that_vanishes_is_named(tmp_path: Path, threads: int) -> None:
    pictures = pictures_in(tmp_path / "data", {"type": "Normalize"})
    (tmp_path / "data" / "5.png").unlink()
    with pytest.raises(
        InvalidInputError, match=r"^5\.png \(train\.txt line 6\): cannot be read as a picture$"
    ):
        for _ in zip(range(4), batches(pictures, Order(12, 4, 0), threads), strict=False):
            pass


@pytest.mark.parametrize("threads", [1, 2])
def test_transform_that_fails_on_a_picture_is_named(tmp_path: Path, threads: int) -> None:
    pictures = pictures_in(tmp_path / "data", {"type": "Padding", "target_size": [8, 8]})
    with pytest.raises(InvalidSettingError, match=r"^spec\.dataset\.trainTransforms\[0\]: Padding fails on"):
        next(batches(pictures, Order(12, 4, 0), threads))


@pytest.mark.parametrize("threads", [1, 2])
def test_augmentation_is_the_same_whoever_computes_it(tmp_path: Path, threads: int) -> None:
    augmented: list[dict[str, object]] = [
        {"type": "RandomHorizontalFlip"},
        {"type": "RandomDistort"},
        {"type": "RandomNoise"},
    ]
    pictures = pictures_in(tmp_path / "data", *augmented)
    order = Order(12, 4, 0)
    feed = batches(pictures, order, threads)
    seen = [next(feed) for _ in range(2 * order.batches_per_epoch)]
    feed.close()
    for number, batch in enumerate(seen):
        epoch, within = divmod(number, order.batches_per_epoch)
        pictures.set_epoch(epoch)
        for image, index in zip(batch, order.epoch(epoch)[within], strict=True):
            assert (image == pictures[index]).all()
