"""How long and how to train: the section's one meaning, and that of a training that follows another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from segcompress_api import optimisation
from segcompress_api.errors import InvalidSpecError
from segcompress_api.strategy import TrainConfig

_SHARE = 10
"""A following training takes this part of the iterations and of the learning rate, as in PaddleSlim's ACT."""

_FEWEST = 50
"""Iterations that a following training takes where the one before has as many.

The scales of activations are moving averages that start at 1; of that start half a percent is left by then.
"""

_RATES = (
    "learning_rate",
    "values",
    "base_learning_rate",
    "max_learning_rate",
    "end_learning_rate",
    "eta_min",
    "start_lr",
    "end_lr",
)
"""Arguments of paddle.optimizer.lr's schedules that are learning rates."""


@dataclass(frozen=True)
class TrainSettings:
    """How long and how to train; exactly one of epochs and iterations is set."""

    epochs: int | None
    iterations: int | None
    eval_every: int
    log_every: int
    learning_rate: float | Mapping[str, Any]
    optimizer: Mapping[str, Any]
    target_miou: float | None

    def total_iterations(self, batches_per_epoch: int) -> int:
        """Return the iterations of the training, for a training list of that many batches."""
        return (
            self.iterations if self.iterations is not None else cast("int", self.epochs) * batches_per_epoch
        )


@dataclass(frozen=True)
class FollowingTraining(TrainSettings):
    """A training that starts from the result of another one; its counts are those of the first."""

    def total_iterations(self, batches_per_epoch: int) -> int:
        """Return a tenth of the first training's iterations, but enough for scales to settle."""
        first = super().total_iterations(batches_per_epoch)
        return min(first, max(_FEWEST, first // _SHARE))


def train_settings(section: TrainConfig, field: str) -> TrainSettings:
    """Return the meaning of the section; raises InvalidSpecError naming the field under `field`."""
    if (section.epochs is None) == (section.train_iter is None):
        raise InvalidSpecError(f"{field}.epochs", "exactly one of epochs and train_iter must be given")
    return TrainSettings(
        epochs=section.epochs,
        iterations=section.train_iter,
        eval_every=section.eval_iter,
        log_every=section.logging_iter,
        learning_rate=optimisation.learning_rate(section.learning_rate, f"{field}.learning_rate"),
        optimizer=optimisation.optimizer(section, field),
        target_miou=section.target_metric,
    )


def following(train: TrainSettings) -> FollowingTraining:
    """Return the training that quantises what `train` pruned: shorter, at a tenth of the learning rate."""
    return FollowingTraining(
        epochs=train.epochs,
        iterations=train.iterations,
        eval_every=train.eval_every,
        log_every=train.log_every,
        learning_rate=_lowered(train.learning_rate),
        optimizer=train.optimizer,
        target_miou=train.target_miou,
    )


def _lowered(rate: float | Mapping[str, Any]) -> float | Mapping[str, Any]:
    if not isinstance(rate, Mapping):
        return rate / _SHARE
    # NoamDecay alone may leave its rate out, which is then 1.
    given = {"learning_rate": 1.0, **rate} if rate["type"] == "NoamDecay" else rate
    return {key: _divided(value) if key in _RATES else value for key, value in given.items()}


def _divided(value: Any) -> Any:
    """Return a tenth of a rate, also of strings that spell numbers; anything else is refused later on."""
    if isinstance(value, list):
        return [_divided(one) for one in value]
    try:
        return float(value) / _SHARE
    except (TypeError, ValueError):
        return value
