"""Whether pictures fit the model once the transforms are through, tried on a few before training."""

from collections.abc import Sequence
from typing import Any, Protocol

from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.model import ModelInfo, fixed_size

_TRIED = 8


class Transformed(Protocol):
    """What `dataset.Pictures` offers."""

    def __len__(self) -> int:
        """Return the number of pictures."""

    def __getitem__(self, index: int) -> Any:
        """Return an image, or a tuple that starts with one."""


def check_fit(info: ModelInfo, train: Transformed, val: Transformed) -> None:
    """Transform a few pictures of each list; raises InvalidSettingError naming the transforms.

    Training pictures go into batches, so they must come out at one size; where the model's size is fixed, all
    must come out at it.
    """
    sizes = _sizes([train[index] for index in _spread(len(train))])
    if len(sizes) > 1:
        listed = " and ".join(f"{height}x{width}" for height, width in sorted(sizes)[:2])
        raise InvalidSettingError(
            f"spec.dataset.trainTransforms: give pictures of several sizes ({listed}), which no batch takes; "
            "end with Resize or RandomPaddingCrop"
        )
    _check_size(info, sizes, "spec.dataset.trainTransforms")
    _check_size(info, _sizes([val[index][0] for index in _spread(len(val))]), "spec.dataset.valTransforms")


def _check_size(info: ModelInfo, sizes: set[tuple[int, int]], field: str) -> None:
    fixed = fixed_size(info)
    wrong = sorted(sizes - {fixed}) if fixed else []
    if fixed and wrong:
        height, width = wrong[0]
        raise InvalidSettingError(
            f"{field}: give pictures of {height}x{width} (height x width) and the model takes only "
            f"{fixed[0]}x{fixed[1]}; put {{type: Resize, target_size: [{fixed[1]}, {fixed[0]}]}} there"
        )


def _sizes(images: Sequence[Any]) -> set[tuple[int, int]]:
    return {(int(image.shape[1]), int(image.shape[2])) for image in images}


def _spread(count: int) -> list[int]:
    """Return a few indices from all over a list."""
    tried = min(count, _TRIED)
    return [number * count // tried for number in range(tried)]
