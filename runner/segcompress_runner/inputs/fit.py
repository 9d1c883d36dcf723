"""Whether pictures and classes fit the model, known from headers and program before anything runs. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.findings import Checks
from segcompress_runner.inputs.lists import Sample
from segcompress_runner.inputs.model import ModelInfo, fixed_size

_TRIED = 8
_SCORES_RANK = 4

Size = tuple[int, int]
"""Height and width in pixels."""


@dataclass(frozen=True)
class Fitted:
    """A picture's name, and the size that the transforms give it."""

    name: str
    size: Size


def fit_checks(info: ModelInfo, train: Sequence[Fitted], val: Sequence[Fitted]) -> Checks:
    """Yield the checks that `check_fit` makes; each raises InvalidSettingError."""
    yield lambda: _check_one_size(train)
    yield lambda: _check_size(info, train, "spec.dataset.trainTransforms")
    yield lambda: _check_size(info, val, "spec.dataset.valTransforms")


def check_fit(info: ModelInfo, train: Sequence[Fitted], val: Sequence[Fitted]) -> None:
    """Raise InvalidSettingError naming the transforms where pictures do not fit a batch or the model.

    Training pictures, where there are any, go into batches, so they must come out at one size; where the
    model's size is fixed, all must come out at it.
    """
    for check in fit_checks(info, train, val):
        check()


def check_classes(info: ModelInfo, classes: int) -> None:
    """Raise InvalidSettingError where the model's scores are of another number of classes.

    Class ids (rank 3, or one channel) do not tell their number; they are checked when they are computed.
    """
    shape = info.output_shape
    if len(shape) == _SCORES_RANK and shape[1] > 1 and shape[1] != classes:
        raise InvalidSettingError(
            f"spec.dataset.numClasses: is {classes} and the model's output {info.output_name} has "
            f"{shape[1]} classes (shape {list(shape)}); they must be equal"
        )


def _check_one_size(train: Sequence[Fitted]) -> None:
    first = next(iter(train), None)
    other = next((fitted for fitted in train if first and fitted.size != first.size), None)
    if first and other:
        raise InvalidSettingError(
            f"spec.dataset.trainTransforms: give {first.name} {_written(first.size)} pixels (height x width) "
            f"and {other.name} {_written(other.size)}; a batch takes one size, so end with Resize or "
            "RandomPaddingCrop"
        )


def tried(samples: Sequence[Sample], sizes: Mapping[Sample, Size]) -> list[int]:
    """Return indices of pictures that stand for all: the first of each size, and a few from all over."""
    firsts: dict[Size, int] = {}
    for index, sample in enumerate(samples):
        firsts.setdefault(sizes[sample], index)
    few = min(len(samples), _TRIED)
    return sorted({*firsts.values(), *(number * len(samples) // few for number in range(few))})


def _check_size(info: ModelInfo, pictures: Sequence[Fitted], field: str) -> None:
    fixed = fixed_size(info)
    wrong = next((fitted for fitted in pictures if fixed and fitted.size != fixed), None)
    if fixed and wrong:
        raise InvalidSettingError(
            f"{field}: give {wrong.name} {_written(wrong.size)} pixels (height x width) and the model "
            f"takes only {_written(fixed)}; add {{type: Resize, target_size: [{fixed[1]}, {fixed[0]}]}}"
        )


def _written(size: Size) -> str:
    return f"{size[0]}x{size[1]}"
