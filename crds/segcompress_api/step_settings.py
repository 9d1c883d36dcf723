"""What a run does to a model, step by step, as far as it can be known without a graph.

Whoever needs a fact about a strategy (does it quantise, how sparse must the result be, how long is its ramp)
asks a step here and knows no strategy by name. The runner holds one worker for each class of settings.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from segcompress_api.errors import InvalidSpecError
from segcompress_api.quantisation_sections import QuantAware, QuantPost
from segcompress_api.strategy import GmpConfig, UnstructurePrune

_BLOCKS = ((1, 1), (4, 1))
"""Values of sparse_block: output channels x input channels."""

_HIST_PERCENT = 0.999
"""Of algo hist, as upstream has it."""

_MIN_ITERATIONS_PER_STEP = 10
"""GMPUnstructuredPruner asserts that pruning_iterations / pruning_steps is larger than this."""


Pattern = Literal["1x1", "4x1", "2:4"]
"""Zeros anywhere; of four consecutive output channels at once; two in every four weights along the inputs."""


@dataclass(frozen=True)
class SparsityTarget:
    """Zeros that a step promises: the share of the pruned layers' weights, None where no share is promised.

    `only_1x1`: 1x1 convolutions alone are pruned and counted. `pattern`: where zeros must lie to count.
    `names`: the weights that alone are pruned, all that can be where none are named.
    """

    ratio: float | None
    only_1x1: bool
    pattern: Pattern = "1x1"
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepSettings:
    """One step of a strategy; the defaults are those of a step that neither quantises nor prunes."""

    section: ClassVar[str]
    """The section of an ACT file that a user writes."""

    quantises: ClassVar[bool] = False
    """Whether the model computes in int8 afterwards."""

    trains: ClassVar[bool] = True
    """Whether weights are trained."""

    @property
    def sparsity(self) -> SparsityTarget | None:
        """Return which zeros the step promises, None where it makes none."""
        return None

    @property
    def ratio_of_layers(self) -> float | None:
        """Return the share of zeros of every pruned layer, None where layers may differ in it."""
        return None if self.sparsity is None else self.sparsity.ratio

    @property
    def ramp_iterations(self) -> int:
        """Iterations until the step has its full effect; until then a loss may grow."""
        return 0

    def check_length(self, iterations: int, field: str) -> None:
        """Raise InvalidSpecError where a training of `iterations` is too short; `field` is the strategy's."""


@dataclass(frozen=True)
class PruneSettings(StepSettings):
    """Unstructured sparsity; `ratio` is None in threshold mode, `gmp` at full ratio from the start.

    `layers` have ratios of their own, in the order of their names; `ratio` holds over these and all others
    together.
    """

    section: ClassVar[str] = "UnstructurePrune"

    mode: Literal["ratio", "threshold"]
    ratio: float | None
    threshold: float | None
    gmp: GmpConfig | None
    only_1x1: bool
    local: bool
    block: int
    layers: tuple[tuple[str, float], ...] = ()
    criterion: Literal["magnitude", "reconstruction"] = "magnitude"

    @property
    def ramp_iterations(self) -> int:
        """Iterations until the full ratio is reached; 0 without a ramp."""
        return 0 if self.gmp is None else self.gmp.stable_iterations + self.gmp.pruning_iterations

    @property
    def sparsity(self) -> SparsityTarget:
        """Return the share asked for, of the layers that the section names."""
        return SparsityTarget(self.ratio, self.only_1x1, "4x1" if self.block > 1 else "1x1")

    @property
    def ratio_of_layers(self) -> float | None:
        """Return the ratio, None where some layers have one of their own."""
        return None if self.layers else self.ratio

    def check_length(self, iterations: int, field: str) -> None:
        """Raise InvalidSpecError where the pruning ramp is longer than the training."""
        ramp = self.ramp_iterations
        if ramp > iterations:
            raise InvalidSpecError(
                f"{field}.{self.section}.gmp_config.pruning_iterations",
                f"the pruning ramp (stable_iterations + pruning_iterations) takes {ramp} iterations and the "
                f"training only {iterations}, so the ratio would never be reached",
                f"train for at least {ramp} iterations (TrainConfig) or shorten the ramp",
            )


@dataclass(frozen=True)
class QuantSettings(StepSettings):
    """Quantisation-aware training, by the section as it is written."""

    section: ClassVar[str] = "QuantAware"
    quantises: ClassVar[bool] = True

    quant_aware: QuantAware


@dataclass(frozen=True)
class QuantPostSettings(StepSettings):
    """Post-training quantisation; what `quant_post` says otherwise has no effect there."""

    section: ClassVar[str] = "QuantPost"
    quantises: ClassVar[bool] = True
    trains: ClassVar[bool] = False

    quant_post: QuantPost
    most: int | None
    hist_percent: float | None

    def pictures(self, listed: int) -> int:
        """Return how many of the training list's pictures are calibrated on: `most`, where that is set."""
        return listed if self.most is None else min(listed, self.most)


@dataclass(frozen=True)
class KeptZeros(StepSettings):
    """What a training before made zero stays zero, while another step trains the other weights."""

    section: ClassVar[str] = "UnstructurePrune"


def quant_post_settings(section: QuantPost, field: str) -> QuantPostSettings:
    """Return the meaning of the section; raises InvalidSpecError naming the field under `field`."""
    if section.hist_percent is not None and section.algo != "hist":
        raise InvalidSpecError(
            f"{field}.hist_percent",
            f"has no effect with algo {section.algo}",
            "leave it out, or set algo: hist",
        )
    hist_percent = (section.hist_percent or _HIST_PERCENT) if section.algo == "hist" else None
    meant_elsewhere = ("activation_quantize_type", "batch_nums", "hist_percent")
    return QuantPostSettings(
        quant_post=section.model_copy(update={"batch_size": 1, **dict.fromkeys(meant_elsewhere)}),
        most=None if section.batch_nums is None else section.batch_nums * section.batch_size,
        hist_percent=hist_percent,
    )


def prune_settings(section: UnstructurePrune, field: str) -> PruneSettings:
    """Return the meaning of the section; raises InvalidSpecError naming the field under `field`."""
    ratio = section.ratio if section.ratio is not None else section.pruned_ratio
    gmp = _gmp(section, field)
    if section.prune_mode == "threshold":
        if gmp is not None or section.local_sparsity:
            raise InvalidSpecError(
                f"{field}.prune_mode", "threshold cannot be combined with gmp or local_sparsity"
            )
        if section.threshold is None or ratio is not None:
            raise InvalidSpecError(
                f"{field}.threshold", "prune_mode threshold requires threshold and takes no ratio"
            )
    elif ratio is None:
        raise InvalidSpecError(f"{field}.ratio", "is required and missing", "such as 0.75")
    elif section.threshold is not None:
        raise InvalidSpecError(f"{field}.threshold", "prune_mode ratio takes no threshold")
    elif gmp is not None and gmp.initial_ratio > ratio:
        raise InvalidSpecError(
            f"{field}.gmp_config.initial_ratio", f"must be at most the ratio {ratio}, got {gmp.initial_ratio}"
        )
    _check_block(section, field)
    _check_criterion(section, field)
    _check_layer_ratios(section, field)
    return PruneSettings(
        mode=section.prune_mode,
        ratio=ratio,
        threshold=section.threshold,
        gmp=gmp,
        only_1x1=section.prune_params_type == "conv1x1_only",
        local=section.local_sparsity,
        block=section.sparse_block[0],
        layers=tuple(sorted(section.layer_ratios.items())),
        criterion=section.criterion,
    )


def _check_block(section: UnstructurePrune, field: str) -> None:
    if section.sparse_block not in _BLOCKS:
        raise InvalidSpecError(
            f"{field}.sparse_block", f"must be [1, 1] or [4, 1], got {list(section.sparse_block)}"
        )
    if section.sparse_block == (1, 1):
        return
    if section.prune_mode == "threshold":
        raise InvalidSpecError(f"{field}.sparse_block", "blocks are pruned by ratio", "set prune_mode: ratio")
    if section.prune_params_type is None:
        raise InvalidSpecError(
            f"{field}.sparse_block",
            "blocks require 1x1 convolutions",
            "set prune_params_type: conv1x1_only",
        )


def _check_criterion(section: UnstructurePrune, field: str) -> None:
    if section.criterion == "magnitude":
        return
    if section.prune_mode == "threshold":
        raise InvalidSpecError(
            f"{field}.criterion", "reconstruction prunes by ratio", "set prune_mode: ratio"
        )
    if section.prune_strategy is not None:
        raise InvalidSpecError(
            f"{field}.criterion",
            "reconstruction makes all zeros before the training",
            "leave out prune_strategy and gmp_config",
        )
    if not section.local_sparsity or section.prune_params_type is None:
        raise InvalidSpecError(
            f"{field}.criterion",
            "reconstruction prunes 1x1 convolutions layer by layer",
            "set prune_params_type: conv1x1_only and local_sparsity: true",
        )


def _check_layer_ratios(section: UnstructurePrune, field: str) -> None:
    if not section.layer_ratios or section.local_sparsity:
        return
    if section.prune_mode == "threshold":
        raise InvalidSpecError(f"{field}.layer_ratios", "layers are pruned by ratio", "set prune_mode: ratio")
    raise InvalidSpecError(
        f"{field}.layer_ratios", "requires a ratio for each layer by itself", "set local_sparsity: true"
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
            f"each step requires more than {_MIN_ITERATIONS_PER_STEP} iterations",
        )
    # The full ratio stays to the end of the training, whatever this key says.
    return gmp.model_copy(update={"tunning_iterations": 0})
