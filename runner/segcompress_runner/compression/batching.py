"""Whether a model that was exported with a fixed batch computes batches of another size.

Paddle computes shapes anew from what is fed, so a fixed first dimension is only a note, unless an
operator has it built in (`reshape` to [1, …]). Only a trial tells: of two pictures at once, the second
must come out as it does alone.
"""

import functools
import re
from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray

from segcompress_runner.compression.graph import Loaded, load
from segcompress_runner.compression.static_graph import static_mode, without_prints
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.model import ModelFiles, ModelInfo

_LARGEST_DIFFERENCE = 1e-3
_SHARE_OF_IDS = 0.001
_FREE_SIZE = 64
"""Height and width of the trial's pictures where the model leaves them open."""


def check_batch(files: ModelFiles, info: ModelInfo, batch_size: int) -> None:
    """Raise InvalidSettingError where the graph is bound to another batch than `batch_size`.

    A model with a free batch is not tried.
    """
    own = info.input_shape[0]
    if own in (-1, batch_size):
        return
    problem = _problem(files, info, own)
    if problem:
        raise InvalidSettingError(
            f"spec.dataset.batchSize: the model was exported for batches of {own} and cannot take "
            f"{batch_size}: {problem}; set batchSize: {own}, or export the model with a free batch (None)"
        )


@functools.cache  # validation and training both ask, and a trial takes seconds
def _problem(files: ModelFiles, info: ModelInfo, own: int) -> str:
    """Return why a batch of twice the model's own does not work, nothing where it does."""
    with static_mode(), paddle.static.scope_guard(paddle.static.Scope()), without_prints():
        executor = paddle.static.Executor(paddle.CPUPlace())
        loaded = load(files, executor)
        pictures = _pictures(info, 2 * own)
        try:
            together = _run(loaded, executor, pictures)
        except (ValueError, RuntimeError) as error:
            return f"operator {_operator(str(error))} has the batch built in"
        apart = _run(loaded, executor, pictures[own:])
    doubled = together.shape[0] == 2 * apart.shape[0]
    mixed = "an operator mixes the pictures of a batch"
    return "" if doubled and _agree(together[apart.shape[0] :], apart) else mixed


def _pictures(info: ModelInfo, count: int) -> NDArray[np.float32]:
    height, width = (size if size > 0 else _FREE_SIZE for size in info.input_shape[2:])
    random = np.random.default_rng(0)
    return random.normal(size=(count, 3, height, width)).astype(np.float32)


def _run(loaded: Loaded, executor: Any, pictures: NDArray[np.float32]) -> NDArray[Any]:
    (output,) = executor.run(loaded.program, feed={loaded.feed: pictures}, fetch_list=[loaded.fetch])
    return np.asarray(output)


def _operator(message: str) -> str:
    """Return the operator's name in one of Paddle's errors."""
    found = re.search(r"operator < (\w+) > error", message)
    return found.group(1) if found else "of the graph"


def _agree(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Return whether two outputs differ by rounding alone; a few class ids may, where scores are equal."""
    if one.shape != other.shape:
        return False
    if np.issubdtype(one.dtype, np.integer):
        return float(np.mean(one != other)) <= _SHARE_OF_IDS
    return bool(np.allclose(one, other, rtol=_LARGEST_DIFFERENCE, atol=_LARGEST_DIFFERENCE))
