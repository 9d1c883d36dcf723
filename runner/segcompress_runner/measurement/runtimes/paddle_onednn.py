"""Which operators of a model Paddle Inference lets oneDNN compute.

By itself it lets oneDNN compute whatever that has a kernel for. Softmax along the channels, with which most
segmentation models end, has none but the reference implementation (`ref:any` in the log of ONEDNN_VERBOSE=1,
oneDNN 3.2.1), which takes longer than all convolutions of a small model.
"""

from collections.abc import Iterator
from typing import Any

from segcompress_runner.inputs.model import ModelFiles, parse_program

_SLOW = "softmax"
_CHANNELS = (1, -3)
"""How N x C x H x W names its channels."""

_NOTHING_COMPUTED = frozenset({"feed", "fetch"})


def onednn_operators(files: ModelFiles) -> set[str]:
    """Return what oneDNN is to compute of a model; an empty set stands for all that it can."""
    operators = [op for block in parse_program(files.program).blocks for op in block.ops]
    axes = list(_axes(operators))
    if not axes or not set(axes).issubset(_CHANNELS):
        return set()
    return {op.type for op in operators} - {_SLOW, *_NOTHING_COMPUTED}


def dequantises(files: ModelFiles) -> bool:
    """Return whether a model makes floats of int8 values at each run."""
    return any(
        op.type == "dequantize_linear" for block in parse_program(files.program).blocks for op in block.ops
    )


def _axes(operators: list[Any]) -> Iterator[int]:
    """Yield the axis of each softmax; its default is the last one, which oneDNN computes fast."""
    for op in operators:
        if op.type == _SLOW:
            yield next((int(one.i) for one in op.attrs if one.name == "axis"), -1)
