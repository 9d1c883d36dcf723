"""The one meaning of a strategy, whichever spelling it came in, and each check that needs no graph or data.

`settings_of` is the only way from what a user wrote to what the runner does; the operator calls it for its
checks alone. Nothing here reads a file or knows Paddle.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pydantic import ValidationError

from segcompress_api.distillation_settings import DistillationSettings, ModelFiles, distillation_settings
from segcompress_api.errors import InvalidSpecError, invalid_spec
from segcompress_api.step_settings import (
    KeptZeros,
    Pattern,
    PruneSettings,
    QuantSettings,
    SparsityTarget,
    StepSettings,
    prune_settings,
)
from segcompress_api.strategy import Distillation, Strategy
from segcompress_api.structured_settings import TwoOfFourSettings, two_of_four_settings
from segcompress_api.train_settings import TrainSettings, following, train_settings

__all__ = [
    "ActSettings",
    "DistillationSettings",
    "KeptZeros",
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
class ActSettings:
    """A strategy in one spelling; `notes` are sentences on settings that were accepted without effect.

    Several steps are taken one after the other, in the order in which they stand: see `trainings`.
    """

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

    @property
    def trainings(self) -> tuple["ActSettings", ...]:
        """Return the settings of one training a step, each of which starts from the last one's result.

        What quantises after another step trains as `following` says. Zeros that were promised stay.
        """
        made = []
        for index, step in enumerate(self.steps):
            before = self.steps[:index]
            zeros = any(one.sparsity is not None for one in before) and step.sparsity is None
            steps = (step, KeptZeros()) if zeros else (step,)
            train = following(self.train) if before and step.quantises else self.train
            made.append(replace(self, steps=steps, train=train))
        return tuple(made)


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
        train=train_settings(train, f"{field}.TrainConfig"),
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
    """Return what prunes and what quantises, in the order in which PaddleSlim's ACT takes them."""
    pruning = _pruning(strategy, field)
    quantising = _quantising(strategy, field)
    for named in (pruning, quantising):
        first, *others = named or ("",)
        if others:
            raise InvalidSpecError(
                f"{field}.{others[0]}", f"cannot be combined with {first} in one run", "give one of them"
            )
    if not pruning and not quantising:
        raise InvalidSpecError(field, "names no compression", "give UnstructurePrune, ASPPrune or QuantAware")
    return (*pruning.values(), *quantising.values())


def _pruning(strategy: Strategy, field: str) -> dict[str, StepSettings]:
    named: dict[str, StepSettings] = {}
    if strategy.asp_prune is not None:
        named["ASPPrune"] = two_of_four_settings(strategy.asp_prune)
    if strategy.unstructure_prune is not None:
        named["UnstructurePrune"] = prune_settings(strategy.unstructure_prune, f"{field}.UnstructurePrune")
    return named


def _quantising(strategy: Strategy, field: str) -> dict[str, StepSettings]:
    if strategy.quant_aware is not None and strategy.quantization is not None:
        raise InvalidSpecError(f"{field}.Quantization", "is the old name of QuantAware", "give one of them")
    sections = {"QuantAware": strategy.quant_aware, "Quantization": strategy.quantization}
    return {name: QuantSettings(section) for name, section in sections.items() if section is not None}


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
