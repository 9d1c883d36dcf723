"""What a model may give for a batch: scores of each class, or class ids; distinguished and checked here."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcompress_runner.errors import InvalidInputError

_SCORES_RANK = 4
_IDS_RANK = 3


class OutputNotFiniteError(InvalidInputError):
    """A model gives NaN or infinity: broken parameters, or a training that diverged."""


def checked_output(output: NDArray[Any], pictures: int, classes: int) -> NDArray[Any]:
    """Return float32 scores N x classes x H x W or int64 ids N x 1 x H x W.

    Raises InvalidInputError naming the model's shape where it fits neither, or numClasses where the number of
    classes or an id contradicts it; OutputNotFiniteError where a score is NaN or infinite.
    """
    if np.issubdtype(output.dtype, np.integer):
        return _checked_ids(output, pictures, classes)
    if output.ndim != _SCORES_RANK or len(output) != pictures:
        raise _misshapen(output, pictures)
    if output.shape[1] != classes:
        raise InvalidInputError(
            f"the model's output has {output.shape[1]} classes (shape {list(output.shape)}) and "
            f"spec.dataset.numClasses is {classes}; they must be equal"
        )
    if not np.isfinite(output).all():
        raise OutputNotFiniteError("the model's output holds NaN or infinite scores")
    return output.astype(np.float32, copy=False)


def _checked_ids(output: NDArray[Any], pictures: int, classes: int) -> NDArray[np.int64]:
    ids = output[:, np.newaxis] if output.ndim == _IDS_RANK else output
    if ids.ndim != _SCORES_RANK or len(ids) != pictures or ids.shape[1] != 1:
        raise _misshapen(output, pictures)
    if ids.min() < 0 or ids.max() >= classes:
        raise InvalidInputError(
            f"the model's output holds class ids from {ids.min()} to {ids.max()} and spec.dataset.numClasses "
            f"is {classes}; ids go from 0 to {classes - 1}"
        )
    return ids.astype(np.int64, copy=False)


def _misshapen(output: NDArray[Any], pictures: int) -> InvalidInputError:
    return InvalidInputError(
        f"the model's output for {pictures} pictures is {output.dtype} of shape {list(output.shape)}; a "
        "segmentation model gives scores N x classes x H x W, or integer class ids N x H x W or N x 1 x H x W"
    )
