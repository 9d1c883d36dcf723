"""What a user may write under `strategy`: the sections of an upstream ACT file, pasted as they are.

Both spellings of a key are fields here (upstream renamed several with its 2.4 release); `SPELLINGS` lists the
pairs section by section, and `act_settings` turns either into one meaning. Source of the names:
paddleslim 2.6.0, auto_compression/strategy_config.py.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from segcompress_api.base import LARGEST_COUNT, S3_FILE, Flag, Number, Section, Uri, Whole, free_form
from segcompress_api.quantisation_sections import QuantAware, QuantPost
from segcompress_api.structured_sections import ASPPrune, ChannelPrune

SPELLINGS: dict[str, dict[str, str]] = {
    "Distillation": {"distill_lambda": "alpha", "distill_loss": "loss", "distill_node_pair": "node"},
    "UnstructurePrune": {"pruned_ratio": "ratio"},
    "TrainConfig": {"optimizer": "optimizer_builder", "optim_args": "optimizer_builder"},
}
"""Section -> old key -> current key. `pruned_ratio` is old in UnstructurePrune only."""

SECTION_SPELLINGS = {"Quantization": "QuantAware"}
"""Old section name -> current one."""


class _SpelledSection(Section):
    """A section with old and current key names: both at once are refused."""

    @model_validator(mode="after")
    def _one_spelling(self) -> Self:
        for old, current in SPELLINGS.get(type(self).__name__, {}).items():
            if getattr(self, old, None) is not None and getattr(self, current, None) is not None:
                raise ValueError(f"{old} is the old name of {current}: give one of them")
        return self


class Distillation(_SpelledSection):
    """Self-distillation: the original model is the teacher of the compressed one."""

    alpha: Any = free_form("Weight of the distillation loss: a number, or a list with one for each loss.")
    loss: Any = free_form(
        "Distillation loss: l2 | soft_label | dkd | skd, or a list with one for each node list."
    )
    node: Any = free_form(
        "Names of the variables to distil: a list, or a list of lists; default: those of the last layers."
    )
    distill_lambda: Any = free_form("Old name of alpha.")
    distill_loss: Any = free_form(
        "Old name of loss; l2_loss and soft_label_loss are read as l2 and soft_label."
    )
    distill_node_pair: Any = free_form("Old name of node: teacher_NAME, NAME pairs.")
    merge_feed: Flag | None = Field(default=None, description="Old ACT key; accepted, without effect.")
    teacher_model_dir: str | None = Field(
        default=None, max_length=1024, description="Old ACT key; the teacher is always the job's own model."
    )
    teacher_model_filename: str | None = Field(
        default=None,
        max_length=256,
        description="Old ACT key; if given, it must name the job's own modelFile.",
    )
    teacher_params_filename: str | None = Field(
        default=None,
        max_length=256,
        description="Old ACT key; if given, it must name the job's own paramsFile.",
    )


class GmpConfig(Section):
    """Gradual magnitude pruning: the ratio rises from initial_ratio in pruning_steps (Zhu & Gupta 2017)."""

    stable_iterations: Whole = Field(
        default=0, ge=0, le=LARGEST_COUNT, description="Iterations before the ramp starts."
    )
    pruning_iterations: Whole = Field(
        gt=0, le=LARGEST_COUNT, description="Iterations of the ramp; more than 10 per pruning step."
    )
    tunning_iterations: Whole = Field(
        default=0,
        ge=0,
        le=LARGEST_COUNT,
        description="Upstream's key; TrainConfig decides how long the full ratio is trained after the ramp.",
    )
    resume_iteration: Whole = Field(
        default=-1, ge=-1, le=-1, description="Upstream's key; must be -1 (start from the beginning)."
    )
    pruning_steps: Whole = Field(gt=0, le=LARGEST_COUNT, description="Number of times the ratio rises.")
    initial_ratio: Number = Field(ge=0, lt=1, description="Sparsity at the start of the ramp.")


class UnstructurePrune(_SpelledSection):
    """Unstructured sparsity: the weights that `criterion` chooses become zero."""

    prune_strategy: Literal["gmp"] | None = Field(
        default=None,
        description="gmp: the ratio rises gradually (gmp_config); default: the full ratio from the start.",
    )
    prune_mode: Literal["ratio", "threshold"] = Field(
        default="ratio",
        description="ratio: a share of the weights becomes zero; threshold: those below it.",
    )
    threshold: Number | None = Field(
        default=None, gt=0, description="Magnitude below which weights become zero."
    )
    ratio: Number | None = Field(
        default=None, gt=0, lt=1, description="Share of the weights that becomes zero."
    )
    pruned_ratio: Number | None = Field(default=None, gt=0, lt=1, description="Old name of ratio.")
    gmp_config: GmpConfig | None = Field(default=None, description="The ramp of prune_strategy gmp.")
    prune_params_type: Literal["conv1x1_only"] | None = Field(
        default=None, description="conv1x1_only: only 1x1 convolutions; default: every layer but norms."
    )
    local_sparsity: Flag = Field(
        default=False,
        description="Whether each layer by itself reaches the ratio.",
    )
    criterion: Literal["magnitude", "reconstruction"] = Field(
        default="magnitude",
        description="Which weights become zero: those of least magnitude, or those without which a layer, "
        "its other weights fitted anew, still puts out nearly the same on pictures of the training list.",
    )
    layer_ratios: dict[str, Annotated[Number, Field(ge=0, lt=1)]] = Field(
        default_factory=dict,
        max_length=64,
        description="Ratios of single layers by the names of their weights, such as {conv2d_7.w_0: 0.9}; 0 "
        "leaves a layer dense. The other layers get one ratio with which `ratio` holds over all of them.",
    )
    sparse_block: tuple[Annotated[Whole, Field(ge=1, le=4)], ...] = Field(
        default=(1, 1),
        min_length=2,
        max_length=2,
        description="Weights that become zero together: [1, 1], or [4, 1] for four output channels of a 1x1 "
        "convolution, chosen by `criterion`. Some runtimes compute such blocks faster.",
    )


class TrainConfig(_SpelledSection):
    """How long and how to train."""

    epochs: Whole | None = Field(
        default=None,
        gt=0,
        le=LARGEST_COUNT,
        description="Passes over the training list (or give train_iter).",
    )
    train_iter: Whole | None = Field(
        default=None, gt=0, le=LARGEST_COUNT, description="Training iterations (or give epochs)."
    )
    eval_iter: Whole = Field(
        default=1000, gt=0, le=LARGEST_COUNT, description="Iterations from one evaluation to the next."
    )
    logging_iter: Whole = Field(
        default=10, gt=0, le=LARGEST_COUNT, description="Iterations from one progress line to the next."
    )
    learning_rate: Any = free_form(
        "A number, or {type: PiecewiseDecay, …} with a class of paddle.optimizer.lr.", required=True
    )
    optimizer_builder: Any = free_form("{optimizer: {type: SGD, …}, weight_decay, regularizer, grad_clip}.")
    optimizer: str | None = Field(
        default=None, max_length=64, description="Old name of optimizer_builder.optimizer.type."
    )
    optim_args: Any = free_form("Old name of the rest of optimizer_builder: {weight_decay}.")
    target_metric: Number | None = Field(
        default=None,
        gt=0,
        le=1,
        description="mIoU at which training may stop, once the pruning ramp is over.",
    )
    origin_metric: Number | None = Field(
        default=None, description="Upstream's key; accepted, without effect: the baseline is always measured."
    )


class Strategy(Section):
    """Sections of an ACT file (ways to compress, TrainConfig, Distillation), or configUri.

    What prunes comes first, whatever the order in which they are written. Or a preset, which stands for them.
    """

    config_uri: Uri | None = Field(
        default=None,
        alias="configUri",
        description="Address of an ACT file (YAML) with these sections, instead of writing them here.",
        json_schema_extra={"pattern": S3_FILE},
    )
    preset: (
        Literal["SparseDistillation", "QuantDistillation", "PostTrainingQuantization", "ChannelPrune"] | None
    ) = Field(
        default=None,
        description="Chooses the sections by the model and the amount of data, instead of writing them here.",
    )
    distillation: Distillation | None = Field(default=None, alias="Distillation")
    unstructure_prune: UnstructurePrune | None = Field(default=None, alias="UnstructurePrune")
    channel_prune: ChannelPrune | None = Field(default=None, alias="ChannelPrune")
    asp_prune: ASPPrune | None = Field(default=None, alias="ASPPrune")
    quant_aware: QuantAware | None = Field(default=None, alias="QuantAware")
    quantization: QuantAware | None = Field(
        default=None, alias="Quantization", description="Old name of QuantAware."
    )
    quant_post: QuantPost | None = Field(default=None, alias="QuantPost")
    train_config: TrainConfig | None = Field(default=None, alias="TrainConfig")
    global_: Any = free_form(
        "Upstream's file-wide section; accepted, without effect: model and data are given in the spec.",
        alias="Global",
    )

    @model_validator(mode="after")
    def _alone(self) -> Self:
        for whole, word in (("config_uri", "configUri"), ("preset", "preset")):
            if getattr(self, whole) is None:
                continue
            for name, info in type(self).model_fields.items():
                if name not in (whole, "global_") and getattr(self, name) is not None:
                    raise ValueError(f"{word} cannot be combined with {info.alias or name}: give one of them")
        return self

    def written(self) -> dict[str, Any]:
        """Return the sections as a user would write them."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    @property
    def compresses(self) -> bool:
        """Return whether a section that compresses is here."""
        others = {"config_uri", "preset", "distillation", "train_config", "global_"}
        return any(getattr(self, name) is not None for name in type(self).model_fields.keys() - others)
