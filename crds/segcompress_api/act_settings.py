"""The one meaning of a strategy, whichever spelling it came in, and each check that needs no graph or data.

`settings_of` is the only way from what a user wrote to what the runner does; the operator calls it for its
checks alone. Nothing here reads a file or knows Paddle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from segcompress_api.distillation_settings import DistillationSettings, ModelFileNames, distillation_settings
from segcompress_api.errors import InvalidSpecError, invalid_spec
from segcompress_api.step_settings import (
    KeptZeros,
    Pattern,
    PruneSettings,
    QuantPostSettings,
    QuantSettings,
    SparsityTarget,
    StepSettings,
    prune_settings,
    quant_post_settings,
)
from segcompress_api.strategy import Distillation, Strategy
from segcompress_api.structured_settings import (
    ChannelSettings,
    TwoOfFourSettings,
    channel_settings,
    two_of_four_settings,
)
from segcompress_api.train_settings import TrainSettings, following, train_settings

__all__ = [
    "ActSettings",
    "ChannelSettings",
    "DistillationSettings",
    "KeptZeros",
    "ModelFileNames",
    "Pattern",
    "PruneSettings",
    "QuantPostSettings",
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
    """A strategy in one spelling; `train` is None where nothing is trained.

    `notes` are sentences on settings that were accepted without effect.

    Several steps are taken one after the other, in the order in which they stand: see `trainings`.
    """

    distillation: DistillationSettings
    steps: tuple[StepSettings, ...]
    train: TrainSettings | None
    notes: tuple[str, ...]

    @property
    def training(self) -> TrainSettings:
        """Return how to train; to be asked only where something is trained."""
        if self.train is None:
            raise AssertionError("nothing is trained")
        return self.train

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

        What quantises after another step trains as `following` says, or not at all. Zeros that were promised
        stay.
        """
        made = []
        for index, step in enumerate(self.steps):
            before = self.steps[:index]
            train = self.train if step.trains else None
            zeros = any(one.sparsity is not None for one in before) and step.sparsity is None
            steps = (step, KeptZeros()) if train and zeros else (step,)
            follows = train is not None and before and step.quantises
            made.append(replace(self, steps=steps, train=following(train) if train and follows else train))
        return tuple(made)


def parse_act_file(content: object, field: str) -> Strategy:
    """Return the sections in the parsed YAML of an ACT file; raises InvalidSpecError naming the key."""
    if not isinstance(content, Mapping):
        raise InvalidSpecError(field, "must be a mapping of ACT sections", "such as UnstructurePrune: {…}")
    if "configUri" in content:
        raise InvalidSpecError(f"{field}.configUri", "a file named by configUri names no other")
    if "preset" in content:
        raise InvalidSpecError(
            f"{field}.preset", "belongs in a job, not in an ACT file", "set spec.strategy.preset"
        )
    try:
        return Strategy.model_validate(content, by_name=False)
    except ValidationError as error:
        raise invalid_spec(error, Strategy, field) from None


def settings_of(strategy: Strategy, files: ModelFileNames, field: str = _PATH) -> ActSettings:
    """Return the meaning of `strategy`; raises InvalidSpecError naming the field under `field`."""
    distillation = strategy.distillation or Distillation()
    steps = _steps(strategy, field)
    settings = ActSettings(
        distillation=distillation_settings(distillation, files, f"{field}.Distillation"),
        steps=steps,
        train=_train(strategy, steps, field),
        notes=_notes(strategy, field),
    )
    if settings.train is not None and settings.train.iterations is not None:
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
        raise InvalidSpecError(field, "names no compression", "such as UnstructurePrune or QuantAware")
    return (*pruning.values(), *quantising.values())


def _pruning(strategy: Strategy, field: str) -> dict[str, StepSettings]:
    named: dict[str, StepSettings] = {}
    if strategy.channel_prune is not None:
        named["ChannelPrune"] = channel_settings(strategy.channel_prune, f"{field}.ChannelPrune")
    if strategy.asp_prune is not None:
        named["ASPPrune"] = two_of_four_settings(strategy.asp_prune)
    if strategy.unstructure_prune is not None:
        named["UnstructurePrune"] = prune_settings(strategy.unstructure_prune, f"{field}.UnstructurePrune")
    return named


def _quantising(strategy: Strategy, field: str) -> dict[str, StepSettings]:
    if strategy.quant_aware is not None and strategy.quantization is not None:
        raise InvalidSpecError(f"{field}.Quantization", "is the old name of QuantAware", "give one of them")
    sections = {"QuantAware": strategy.quant_aware, "Quantization": strategy.quantization}
    named: dict[str, StepSettings] = {
        name: QuantSettings(section) for name, section in sections.items() if section is not None
    }
    if strategy.quant_post is not None:
        named["QuantPost"] = quant_post_settings(strategy.quant_post, f"{field}.QuantPost")
    return named


def _train(strategy: Strategy, steps: Sequence[StepSettings], field: str) -> TrainSettings | None:
    if any(step.trains for step in steps):
        if strategy.train_config is None:
            raise InvalidSpecError(f"{field}.TrainConfig", "is required and missing")
        return train_settings(strategy.train_config, f"{field}.TrainConfig")
    for name, section in (("TrainConfig", strategy.train_config), ("Distillation", strategy.distillation)):
        if section is not None:
            raise InvalidSpecError(
                f"{field}.{name}", "has no effect: QuantPost alone trains nothing", "leave it out"
            )
    return None


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
    quant_post = strategy.quant_post
    if quant_post is not None and quant_post.activation_quantize_type is not None:
        notes.append(f"{field}.QuantPost.activation_quantize_type has no effect: algo finds the scales")
    if strategy.train_config is not None and strategy.train_config.origin_metric is not None:
        notes.append(f"{field}.TrainConfig.origin_metric has no effect: the baseline is always measured")
    return tuple(notes)
