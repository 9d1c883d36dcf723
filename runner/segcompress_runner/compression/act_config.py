"""Turn a strategy's settings into what PaddleSlim's passes and Paddle's constructors take.

Upstream's builders pop keys from the mappings that they are given, so every call here returns fresh copies.
Nothing in this module knows a graph, a file or Paddle.
"""

import copy
from collections.abc import Mapping
from typing import Any

from segcompress_api.quantisation_sections import QuantAware

OPTIMIZER_ARGUMENTS_SET_ELSEWHERE = frozenset({
    "self", "learning_rate", "parameters", "weight_decay", "grad_clip", "name", "multi_precision",
})  # fmt: skip
"""Arguments of Paddle's optimisers that come from other keys of TrainConfig, or have no meaning here."""

FLOAT_SCOPE = "segcompress_float"
"""Name scope of operators that are never quantised: the loss, and what no training reaches."""


def quantization_config(settings: QuantAware) -> dict[str, Any]:
    """Return the configuration of paddleslim.quant.quanter's `quant_aware` and `convert`.

    `onnx_format` is always on: only that graph (quantize_linear, dequantize_linear) exports to QDQ ONNX.
    """
    return {
        "weight_quantize_type": settings.weight_quantize_type,
        "activation_quantize_type": settings.activation_quantize_type,
        "weight_bits": settings.weight_bits,
        "activation_bits": settings.activation_bits,
        "not_quant_pattern": [*settings.not_quant_pattern, FLOAT_SCOPE],
        "quantize_op_types": list(settings.quantize_op_types),
        "dtype": "int8",
        "moving_rate": settings.moving_rate,
        "for_tensorrt": False,
        "is_full_quantize": settings.is_full_quantize,
        "onnx_format": True,
    }


def type_and_arguments(typed: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Split `{type: StepDecay, step_size: 10}` into the class name and a fresh mapping of its arguments."""
    arguments = {key: _numbers(copy.deepcopy(value)) for key, value in typed.items() if key != "type"}
    return str(typed["type"]), arguments


def _numbers(value: Any) -> Any:
    """Read strings that spell numbers, also inside lists: YAML 1.1 takes `5e-3` for a string."""
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return value
