"""The sections of an ACT file that quantise.

Source of the names: paddleslim 2.6.0, auto_compression/strategy_config.py.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from segcompress_api.base import LARGEST_COUNT, Flag, Number, Section, Whole


def _flag(value: object) -> object:
    """Return `value`, where it is true or false: to a Literal 1 is the same as True."""
    if not isinstance(value, bool):
        raise ValueError("must be true")  # noqa: TRY004 - pydantic's way to refuse a value
    return value


OnlyTrue = Annotated[Literal[True], BeforeValidator(_flag)]
_Name = Annotated[str, Field(max_length=256)]
OpTypes = tuple[Literal["conv2d", "depthwise_conv2d", "conv2d_transpose", "mul", "matmul", "matmul_v2"], ...]
"""Types of the ops with weights that the quantisation passes know."""


class QuantAware(Section):
    """Quantisation-aware training to int8."""

    weight_bits: Literal[8] = Field(default=8, description="Bits of a weight.")
    activation_bits: Literal[8] = Field(default=8, description="Bits of an activation.")
    is_full_quantize: Flag = Field(default=False, description="Whether to quantise every op that can be.")
    not_quant_pattern: tuple[_Name, ...] = Field(
        default=("skip_quant",), max_length=64, description="Ops whose name scope matches stay in float."
    )
    quantize_op_types: OpTypes = Field(
        default=("conv2d", "depthwise_conv2d", "conv2d_transpose", "mul", "matmul", "matmul_v2"),
        min_length=1,
        max_length=6,
        description="Types of the ops to quantise.",
    )
    onnx_format: OnlyTrue = Field(
        default=True, description="Upstream's key; must be true: only that graph can be exported to ONNX."
    )
    use_pact: Flag = Field(
        default=False, description="Whether activations are clipped by PACT (arXiv 1805.06085)."
    )
    weight_quantize_type: Literal["channel_wise_abs_max", "abs_max"] = Field(
        default="channel_wise_abs_max", description="How the scale of a weight is found."
    )
    activation_quantize_type: Literal["moving_average_abs_max"] = Field(
        default="moving_average_abs_max", description="How the scale of an activation is found."
    )
    moving_rate: Number = Field(default=0.9, gt=0, lt=1, description="Decay of moving_average_abs_max.")


class QuantPost(Section):
    """Post-training quantisation to int8: scales are measured on training pictures; nothing is trained."""

    batch_size: Whole = Field(
        default=32, gt=0, le=LARGEST_COUNT, description="Pictures in each of batch_nums batches."
    )
    batch_nums: Whole | None = Field(
        default=None,
        gt=0,
        le=LARGEST_COUNT,
        description="Calibrate on batch_size * batch_nums pictures; default: on the whole training list.",
    )
    algo: Literal["KL", "hist", "avg", "mse", "abs_max"] = Field(
        default="hist", description="How the scale of an activation is found."
    )
    hist_percent: Number | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Share of the values that hist does not clip, such as 0.999.",
    )
    is_full_quantize: Flag = Field(default=False, description="Whether to quantise every op that can be.")
    quantize_op_types: OpTypes = Field(
        default=("conv2d", "depthwise_conv2d", "mul", "matmul", "matmul_v2"),
        min_length=1,
        max_length=6,
        description="Types of the ops to quantise.",
    )
    skip_tensor_list: tuple[_Name, ...] = Field(
        default=(), max_length=256, description="Variables whose readers stay in float."
    )
    weight_quantize_type: Literal["channel_wise_abs_max", "abs_max"] = Field(
        default="channel_wise_abs_max", description="How the scale of a weight is found."
    )
    weight_bits: Literal[8] = Field(default=8, description="Bits of a weight.")
    activation_bits: Literal[8] = Field(default=8, description="Bits of an activation.")
    onnx_format: OnlyTrue = Field(
        default=True, description="Upstream's key; must be true: only that graph can be exported to ONNX."
    )
    activation_quantize_type: Literal["range_abs_max", "moving_average_abs_max", "abs_max"] | None = Field(
        default=None, description="Upstream's key; accepted, without effect: algo finds the scales."
    )
