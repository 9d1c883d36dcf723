"""What goes into a compression, and what comes out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcompress_api.act_settings import ActSettings
from segcompress_runner.compression.loss_curve import LossPoint
from segcompress_runner.compression.winner import Evaluation
from segcompress_runner.inputs.dataset import Pictures
from segcompress_runner.inputs.model import ModelFiles, ModelInfo
from segcompress_runner.measurement.evaluation import Predict, Scores
from segcompress_runner.progress import Progress

Outputs = Callable[[NDArray[np.float32]], Sequence[NDArray[Any]]]
"""N x C x H x W pictures -> each output of a model."""

Opener = Callable[[ModelFiles], Outputs]
"""Opens a model in another runtime than Paddle's executor.

Raises NotExportableError or InvalidInputError where that runtime cannot run it.
"""


@dataclass(frozen=True)
class Training:
    """Everything that a training needs.

    What is read ahead takes up to `reading` bytes; `stop` says whether SIGTERM came. Where no `teacher` is
    named, the model itself teaches; by what `quick` opens, where that says the same.
    """

    model: ModelFiles
    info: ModelInfo
    settings: ActSettings
    pictures: Pictures
    evaluate: Callable[[Predict], Scores]
    batch_size: int
    seed: int
    threads: int
    reading: int
    device: str
    stop: Callable[[], bool]
    progress: Progress
    teacher: ModelFiles | None = None
    quick: Opener | None = None


@dataclass(frozen=True)
class Compressed:
    """The saved model, its scores as evaluated in training, and how it came about.

    `best` belongs to the saved weights, `best_iteration` says when they were taken; `iterations` were run.
    """

    files: ModelFiles
    best: Scores
    best_iteration: int
    history: tuple[Evaluation, ...]
    losses: tuple[LossPoint, ...]
    iterations: int
    seconds: float


def joined(parts: Sequence[Compressed]) -> Compressed:
    """Return trainings that followed one another as one: the last one's model, and iterations counted on."""
    starts = [sum(part.iterations for part in parts[:index]) for index in range(len(parts))]
    counted = list(zip(starts, parts, strict=True))
    return replace(
        parts[-1],
        best_iteration=starts[-1] + parts[-1].best_iteration,
        history=tuple(
            replace(one, iteration=start + one.iteration) for start, part in counted for one in part.history
        ),
        losses=tuple(
            replace(one, iteration=start + one.iteration) for start, part in counted for one in part.losses
        ),
        iterations=starts[-1] + parts[-1].iterations,
        seconds=sum(part.seconds for part in parts),
    )
