"""2:4 sparsity: which weights can have it, and whether they do.

Of every four weights along a layer's inputs two are zero, which the sparse tensor cores of NVIDIA's GPUs skip
(compute capability 8.0 and newer). Groups begin at a layer's first input; where the number of inputs is no
multiple of four, the last group has fewer and may keep two. Source: paddle 2.6.2,
incubate/asp/supported_layer_list.py, `_default_pruning`; which layers: paddleslim 2.6.0,
auto_compression/create_compressed_program.py, `_get_asp_prune_params`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

GROUP = 4
KEPT = 2

_CONVOLUTION_INPUTS = 1
_MATRIX_INPUTS = 0
_MATRIX_RANK = 2
_PRODUCTS = ("mul", "matmul", "matmul_v2")


def input_axes(program: Any) -> dict[str, int]:
    """Return the axis of its inputs of each weight that can be 2:4.

    Those are the weights of convolutions without groups and of products with a matrix, if they have at least
    four inputs. A weight that is transposed in its product is left out. A quantised weight is one still.
    """
    block = program.global_block()
    axes = {}
    codes = {op.output("Y")[0]: op.input("X")[0] for op in block.ops if op.type == "dequantize_linear"}
    for op in block.ops:
        if op.type == "conv2d" and op.attr("groups") == 1:
            filters = op.input("Filter")[0]
            axes[codes.get(filters, filters)] = _CONVOLUTION_INPUTS
        elif op.type in _PRODUCTS and not _is_transposed(op):
            matrix = op.input("Y")[0]
            weight = block.var(codes.get(matrix, matrix))
            if weight.persistable and len(weight.shape) == _MATRIX_RANK:
                axes[weight.name] = _MATRIX_INPUTS
    return {name: axis for name, axis in axes.items() if block.var(name).shape[axis] >= GROUP}


def _is_transposed(op: Any) -> bool:
    return any(op.has_attr(name) and bool(op.attr(name)) for name in ("trans_y", "transpose_Y"))


def grouped(values: NDArray[Any], axis: int, filling: float) -> NDArray[Any]:
    """Return `values` with `axis` last, in groups of four; the last one is filled up."""
    moved = np.moveaxis(values, axis, -1)
    missing = -moved.shape[-1] % GROUP
    padding = [(0, 0)] * (moved.ndim - 1) + [(0, missing)]
    filled = np.pad(moved, padding, constant_values=filling)
    return filled.reshape(*moved.shape[:-1], -1, GROUP)


def is_two_of_four(weight: NDArray[Any], axis: int) -> bool:
    """Return whether no group of four weights along `axis` keeps more than two."""
    kept = np.count_nonzero(grouped(weight, axis, 0.0), axis=-1)
    return bool(kept.max(initial=0) <= KEPT)
