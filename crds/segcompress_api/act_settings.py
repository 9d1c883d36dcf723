"""The one meaning of a strategy, whichever spelling it came in, and each check that needs no graph or data.

`settings_of` is the only way from what a user wrote to what the runner does; the operator calls it for its
checks alone. Nothing here reads a file or knows Paddle.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from pydantic import ValidationError

from segcompress_api import optimisation
from segcompress_api.errors import InvalidSpecError, invalid_spec, nearest, shown
from segcompress_api.strategy import (
    Distillation,
    GmpConfig,
    QuantAware,
    Strategy,
    TrainConfig,
    UnstructurePrune,
)

LOSSES = ("l2", "soft_label", "dkd", "skd")
_OLD_LOSSES = {"l2_loss": "l2", "soft_label_loss": "soft_label"}
_TEACHER = "teacher_"
_PATH = "spec.strategy"
_MIN_ITERATIONS_PER_STEP = 10
"""GMPUnstructuredPruner asserts that pruning_iterations / pruning_steps is larger than this."""


@dataclass(frozen=True)
class DistillationSettings:
    """Student variables to distil: one group for each loss, named without `teacher_`.

    Empty groups mean the model's last layers, as upstream chooses them.
    """

    groups: tuple[tuple[str, ...], ...]
    losses: tuple[str, ...]
    alphas: tuple[float, ...]


@dataclass(frozen=True)
class PruneSettings:
    """Unstructured sparsity; `ratio` is None in threshold mode, `gmp` at full ratio from the start."""

    mode: Literal["ratio", "threshold"]
    ratio: float | None
    threshold: float | None
    gmp: GmpConfig | None
    only_1x1: bool
    local: bool

    @property
    def ramp_iterations(self) -> int:
        """Iterations until the full ratio is reached; 0 without a ramp."""
        return 0 if self.gmp is None else self.gmp.stable_iterations + self.gmp.pruning_iterations


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
    compression: PruneSettings | QuantAware
    train: TrainSettings
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ModelFiles:
    """The names of the job's own model files, which an old file may repeat as its teacher's."""

    model: str
    params: str


def parse_act_file(content: object, field: str) -> Strategy:
    """Return the sections in the parsed YAML of an ACT file; raises InvalidSpecError naming the key."""
    if not isinstance(content, Mapping):
        raise InvalidSpecError(field, "is no mapping of ACT sections", "such as UnstructurePrune: {…}")
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
        distillation=_distillation(distillation, files, f"{field}.Distillation"),
        compression=_compression(strategy, field),
        train=_train(train, f"{field}.TrainConfig"),
        notes=_notes(strategy, field),
    )
    if settings.train.iterations is not None:
        check_ramp(settings, settings.train.iterations, field)
    return settings


def check_ramp(settings: ActSettings, iterations: int, field: str = _PATH) -> None:
    """Raise InvalidSpecError where the pruning ramp is longer than a training of `iterations`."""
    if not isinstance(settings.compression, PruneSettings):
        return
    ramp = settings.compression.ramp_iterations
    if ramp > iterations:
        raise InvalidSpecError(
            f"{field}.UnstructurePrune.gmp_config.pruning_iterations",
            f"the pruning ramp (stable_iterations + pruning_iterations) takes {ramp} iterations and the "
            f"training only {iterations}, so the ratio would never be reached",
            f"train for at least {ramp} iterations (TrainConfig) or shorten the ramp",
        )


def _compression(strategy: Strategy, field: str) -> PruneSettings | QuantAware:
    given = {
        "UnstructurePrune": strategy.unstructure_prune,
        "QuantAware": strategy.quant_aware,
        "Quantization": strategy.quantization,
    }
    names = [name for name, section in given.items() if section is not None]
    if not names:
        raise InvalidSpecError(field, "names no compression", "give UnstructurePrune or QuantAware")
    if names == ["QuantAware", "Quantization"]:
        raise InvalidSpecError(f"{field}.Quantization", "is the old name of QuantAware", "give one of them")
    if len(names) > 1:
        raise InvalidSpecError(
            f"{field}.{names[1]}", f"cannot go with {names[0]} in one run", "give one of them"
        )
    section = given[names[0]]
    if isinstance(section, UnstructurePrune):
        return _prune(section, f"{field}.UnstructurePrune")
    return cast("QuantAware", section)


def _prune(section: UnstructurePrune, field: str) -> PruneSettings:
    ratio = section.ratio if section.ratio is not None else section.pruned_ratio
    gmp = _gmp(section, field)
    if section.prune_mode == "threshold":
        if gmp is not None or section.local_sparsity:
            raise InvalidSpecError(
                f"{field}.prune_mode", "threshold goes with neither gmp nor local_sparsity"
            )
        if section.threshold is None or ratio is not None:
            raise InvalidSpecError(f"{field}.threshold", "prune_mode threshold takes threshold and no ratio")
    elif ratio is None:
        raise InvalidSpecError(f"{field}.ratio", "is required and missing", "such as 0.75")
    elif section.threshold is not None:
        raise InvalidSpecError(f"{field}.threshold", "prune_mode ratio takes no threshold")
    elif gmp is not None and gmp.initial_ratio > ratio:
        raise InvalidSpecError(
            f"{field}.gmp_config.initial_ratio", f"{gmp.initial_ratio} is above the ratio {ratio}"
        )
    return PruneSettings(
        mode=section.prune_mode,
        ratio=ratio,
        threshold=section.threshold,
        gmp=gmp,
        only_1x1=section.prune_params_type == "conv1x1_only",
        local=section.local_sparsity,
    )


def _gmp(section: UnstructurePrune, field: str) -> GmpConfig | None:
    gmp = section.gmp_config
    if section.prune_strategy is None:
        if gmp is not None:
            raise InvalidSpecError(f"{field}.gmp_config", "has no effect without prune_strategy: gmp")
        return None
    if gmp is None:
        raise InvalidSpecError(f"{field}.gmp_config", "is required by prune_strategy gmp and missing")
    if gmp.pruning_iterations <= _MIN_ITERATIONS_PER_STEP * gmp.pruning_steps:
        raise InvalidSpecError(
            f"{field}.gmp_config.pruning_steps",
            f"{gmp.pruning_steps} steps in {gmp.pruning_iterations} pruning_iterations are too many",
            f"each step needs more than {_MIN_ITERATIONS_PER_STEP} iterations",
        )
    return gmp


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


def _distillation(section: Distillation, files: ModelFiles, field: str) -> DistillationSettings:
    _check_teacher(section, files, field)
    if section.distill_node_pair is not None:
        groups = _groups(section.distill_node_pair, f"{field}.distill_node_pair")
        groups = tuple(_students(group, f"{field}.distill_node_pair") for group in groups)
    else:
        groups = _groups(section.node, f"{field}.node") if section.node is not None else ()
    loss_field, losses = _each(section, ("loss", "distill_loss"), "l2", field)
    alpha_field, alphas = _each(section, ("alpha", "distill_lambda"), 1.0, field)
    count = max(len(groups), 1)
    for name, values in ((loss_field, losses), (alpha_field, alphas)):
        if len(values) != count:
            raise InvalidSpecError(
                name, f"has {len(values)} for {count} node lists", "give one, or one for each list"
            )
    return DistillationSettings(
        groups=groups,
        losses=tuple(_loss(value, loss_field) for value in losses),
        alphas=tuple(optimisation.positive(value, alpha_field) for value in alphas),
    )


def _each(
    section: Distillation, names: tuple[str, str], default: object, field: str
) -> tuple[str, tuple[object, ...]]:
    """Return the path of the spelling that was given, and its values."""
    name = next((n for n in names if getattr(section, n) is not None), None)
    value = default if name is None else getattr(section, name)
    if isinstance(value, list) and not value:
        raise InvalidSpecError(f"{field}.{name}", "is an empty list")
    return f"{field}.{name or names[0]}", tuple(value) if isinstance(value, list) else (value,)


def _groups(value: object, field: str) -> tuple[tuple[str, ...], ...]:
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return (tuple(value),) if value else ()
    if isinstance(value, list) and all(_is_name_list(group) for group in value):
        return tuple(tuple(group) for group in value)
    raise InvalidSpecError(
        field, "is no list of variable names, nor a list of such lists", "such as [relu_30.tmp_0]"
    )


def _is_name_list(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(name, str) for name in value)


def _students(pairs: tuple[str, ...], field: str) -> tuple[str, ...]:
    """Return the student's half of `teacher_x, x` pairs: ACT adds the prefix itself."""
    if len(pairs) % 2:
        raise InvalidSpecError(field, f"has {len(pairs)} names; they go in pairs teacher_NAME, NAME")
    for teacher, student in zip(pairs[::2], pairs[1::2], strict=True):
        if teacher != _TEACHER + student:
            raise InvalidSpecError(
                field, f"{teacher} is not the teacher's {student}", f"write {_TEACHER}{student}"
            )
    return pairs[1::2]


def _loss(value: object, field: str) -> str:
    name = _OLD_LOSSES.get(str(value), str(value))
    if name not in LOSSES:
        match = nearest(name, LOSSES)
        raise InvalidSpecError(
            field,
            f"{shown(value)} is no distillation loss",
            f"did you mean {match}?" if match else f"one of {', '.join(LOSSES)}",
        )
    return name


def _check_teacher(section: Distillation, files: ModelFiles, field: str) -> None:
    own = {"teacher_model_filename": files.model, "teacher_params_filename": files.params}
    for name, right in own.items():
        given = getattr(section, name)
        if given is not None and given != right:
            raise InvalidSpecError(
                f"{field}.{name}", f"{given} is not the job's own model", f"leave it out, or write {right}"
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
