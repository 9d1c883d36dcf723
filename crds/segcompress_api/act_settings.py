"""The one meaning of a strategy, whichever spelling it came in, and each check that needs no graph or data.

`settings_of` is the only way from what a user wrote to what the runner does; the operator calls it for its
checks alone. Nothing here reads a file or knows Paddle.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError

from segcompress_api import optimisation
from segcompress_api.distillation_settings import DistillationSettings, ModelFiles, distillation_settings
from segcompress_api.errors import InvalidSpecError, invalid_spec
from segcompress_api.step_settings import (
    Pattern,
    PruneSettings,
    QuantSettings,
    SparsityTarget,
    StepSettings,
    prune_settings,
)
from segcompress_api.strategy import Distillation, Strategy, TrainConfig
from segcompress_api.structured_settings import TwoOfFourSettings, two_of_four_settings

__all__ = [
    "ActSettings",
    "DistillationSettings",
    "ModelFiles",
    "Pattern",
    "PruneSettings",
    "QuantSettings",
    "SparsityTarget",
    "StepSettings",
    "TrainSettings",
    "TwoOfFourSettings",
    "check_length",
    "parse_act_file",
    "settings_of",
]

_PATH = "spec.strategy"


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
class ActSettings:
    """A strategy in one spelling; `notes` are sentences on settings that were accepted without effect."""

    distillation: DistillationSettings
    steps: tuple[StepSettings, ...]
    train: TrainSettings
    notes: tuple[str, ...]

    @property
    def quantises(self) -> bool:
        """Return whether the compressed model computes in int8."""
        return any(step.quantises for step in self.steps)

    @property
    def sparsity(self) -> SparsityTarget | None:
        """Return which zeros the compressed model must have, None where nothing is pruned."""
        return next((step.sparsity for step in self.steps if step.sparsity is not None), None)

    @property
    def ramp_iterations(self) -> int:
        """Iterations until every step has its full effect."""
        return max(step.ramp_iterations for step in self.steps)


def parse_act_file(content: object, field: str) -> Strategy:
    """Return the sections in the parsed YAML of an ACT file; raises InvalidSpecError naming the key."""
    if not isinstance(content, Mapping):
        raise InvalidSpecError(field, "must be a mapping of ACT sections", "such as UnstructurePrune: {…}")
    if "configUri" in content:
        raise InvalidSpecError(f"{field}.configUri", "a file named by configUri names no other")
    try:
        return Strategy.model_validate(content, by_name=False)
    except ValidationError as error:
        raise invalid_spec(error, Strategy, field) from None


def settings_of(strategy: Strategy, files: ModelFiles, field: str = _PATH) -> ActSettings:
    """Return the meaning of `strategy`; raises InvalidSpecError naming the field under `field`."""
    train = strategy.train_config
    if train is None:
        raise InvalidSpecError(f"{field}.TrainConfig", "is required and missing")
    distillation = strategy.distillation or Distillation()
    settings = ActSettings(
        distillation=distillation_settings(distillation, files, f"{field}.Distillation"),
        steps=_steps(strategy, field),
        train=_train(train, f"{field}.TrainConfig"),
        notes=_notes(strategy, field),
    )
    if settings.train.iterations is not None:
        check_length(settings, settings.train.iterations, field)
    return settings


def check_length(settings: ActSettings, iterations: int, field: str = _PATH) -> None:
    """Raise InvalidSpecError where a training of `iterations` is too short for one of its steps."""
    for step in settings.steps:
        step.check_length(iterations, field)


def _steps(strategy: Strategy, field: str) -> tuple[StepSettings, ...]:
    if strategy.quant_aware is not None and strategy.quantization is not None:
        raise InvalidSpecError(f"{field}.Quantization", "is the old name of QuantAware", "give one of them")
    named: dict[str, StepSettings] = {}
    if strategy.asp_prune is not None:
        named["ASPPrune"] = two_of_four_settings(strategy.asp_prune)
    if strategy.unstructure_prune is not None:
        named["UnstructurePrune"] = prune_settings(strategy.unstructure_prune, f"{field}.UnstructurePrune")
    if strategy.quant_aware is not None:
        named["QuantAware"] = QuantSettings(strategy.quant_aware)
    if strategy.quantization is not None:
        named["Quantization"] = QuantSettings(strategy.quantization)
    if not named:
        raise InvalidSpecError(field, "names no compression", "give UnstructurePrune, ASPPrune or QuantAware")
    first, *others = named
    if others:
        raise InvalidSpecError(
            f"{field}.{others[0]}", f"cannot be combined with {first} in one run", "give one of them"
        )
    return tuple(named.values())


def _train(section: TrainConfig, field: str) -> TrainSettings:
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


def _notes(strategy: Strategy, field: str) -> tuple[str, ...]:
    notes = []
    if strategy.global_ is not None:
        notes.append(f"{field}.Global has no effect: model and data stand in the spec")
    distillation = strategy.distillation
    if distillation is not None and distillation.merge_feed is not None:
        notes.append(
            f"{field}.Distillation.merge_feed has no effect: teacher and student always share their input"
        )
    if distillation is not None and distillation.teacher_model_dir is not None:
        notes.append(
            f"{field}.Distillation.teacher_model_dir has no effect: the teacher is the job's own model"
        )
    if strategy.train_config is not None and strategy.train_config.origin_metric is not None:
        notes.append(f"{field}.TrainConfig.origin_metric has no effect: the baseline is always measured")
    return tuple(notes)
