"""How much a model computes for one picture: the multiply-accumulates of convolutions and matrix products.

Whatever else it does (norms, activations, resizing) is not counted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.probes import note_shape
from segcompress_runner.measurement.static_model import loaded

Shape = tuple[int, ...]
Cost = Callable[..., int]
"""Shapes of the values that an operator names in `_COUNTED` -> its multiply-accumulates."""


@dataclass(frozen=True)
class Macs:
    """Multiply-accumulates of both models for one picture."""

    baseline: int
    compressed: int


def count_macs(files: ModelFiles, height: int, width: int) -> int:
    """Return the multiply-accumulates for one picture of height x width.

    The model is run once, for the shapes that its values have then.
    """
    with loaded(files) as model:
        block, feed = model.program.global_block(), model.program.desc.get_feed_target_names()[0]
        costs = [_COUNTED[op.type](op, block) for op in block.ops if op.type in _COUNTED]
        values = sorted({value for read, _ in costs for value in read})
        picture = np.zeros((1, 3, height, width), np.float32)
        probes = [note_shape(block, value) for value in values]
        found = model.executor.run(model.program, feed={feed: picture}, fetch_list=probes) if probes else []
        shapes = {value: tuple(map(int, shape)) for value, shape in zip(values, found, strict=True)}
        return sum(cost(*(shapes[value] for value in read)) for read, cost in costs)


def _convolution(op: Any, block: Any) -> tuple[tuple[str, ...], Cost]:
    each = prod(block.var(op.input("Filter")[0]).shape[1:])
    return (op.output("Output")[0],), lambda made: prod(made) * each


def _transposed_convolution(op: Any, block: Any) -> tuple[tuple[str, ...], Cost]:
    each = prod(block.var(op.input("Filter")[0]).shape[1:])
    return (op.input("Input")[0],), lambda read: prod(read) * each


def _product(op: Any, block: Any) -> tuple[tuple[str, ...], Cost]:
    del block
    transposed = any(op.has_attr(name) and op.attr(name) for name in ("trans_y", "transpose_Y"))
    column = -2 if transposed else -1
    return (op.input("X")[0], op.input("Y")[0]), lambda left, right: prod(left) * right[column]


_COUNTED: Mapping[str, Callable[[Any, Any], tuple[tuple[str, ...], Cost]]] = {
    "conv2d": _convolution,
    "depthwise_conv2d": _convolution,
    "conv2d_transpose": _transposed_convolution,
    "depthwise_conv2d_transpose": _transposed_convolution,
    "mul": _product,
    "matmul": _product,
    "matmul_v2": _product,
}
