"""Which operators of a model Paddle Inference lets oneDNN compute.

By itself it lets oneDNN compute whatever that has a kernel for. Softmax along the channels, with which most
segmentation models end, has none but the reference implementation (`ref:any` in the log of ONEDNN_VERBOSE=1,
oneDNN 3.2.1), which takes longer than all convolutions of a small model.

It resizes only if the pass RESIZING is added; without it values go from oneDNN's layout to Paddle's and back.
The pass asks for no attribute, but oneDNN knows no aligned corners, nor a scale: where 25 pixels become 37 by
a scale of 1.5, Paddle reads a pixel every 1/1.5, and oneDNN every 25/37. If several pixels become a single
one, Paddle takes the first and oneDNN the middle. Between int8 layers it resizes floats too: Paddle 2.6.2 has
no other bilinear kernel of oneDNN.
"""

from collections.abc import Iterator
from typing import Any

from segcompress_runner.inputs.model import ModelFiles, parse_program

_SLOW = "softmax"
_CHANNELS = (1, -3)
"""How N x C x H x W names its channels."""

RESIZING = "interpolate_mkldnn_pass"

_INTERPOLATES = "_interp"
_LINEAR = ("bilinear_interp", "bilinear_interp_v2")
_BETWEEN_CENTRES = {"align_corners": False, "align_mode": 0, "data_layout": "NCHW"}
"""What oneDNN computes; other values of these attributes give other pixels."""

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


def resizes(files: ModelFiles) -> bool:
    """Return whether a model resizes, and always as oneDNN does: linearly, between the centres of pixels."""
    operators = [op for block in parse_program(files.program).blocks for op in block.ops]
    resizing = [op for op in operators if _INTERPOLATES in op.type]
    return bool(resizing) and all(
        op.type in _LINEAR and _is_between_centres(op) and _fits_its_scale(op) for op in resizing
    )


def _is_between_centres(op: Any) -> bool:
    given = {one.name: one for one in op.attrs}
    found = {
        "align_corners": given["align_corners"].b if "align_corners" in given else True,
        "align_mode": given["align_mode"].i if "align_mode" in given else 1,
        "data_layout": given["data_layout"].s if "data_layout" in given else "NCHW",
    }
    return found == _BETWEEN_CENTRES


def _fits_its_scale(op: Any) -> bool:
    """Return whether the sizes before and after have the ratio of the scale by which a value is resized."""
    computed = any(one.parameter == "Scale" and one.arguments for one in op.inputs)
    given = (scale for one in op.attrs if one.name == "scale" for scale in (*one.floats, one.f))
    return not computed and all(scale.is_integer() for scale in given)


def _axes(operators: list[Any]) -> Iterator[int]:
    """Yield the axis of each softmax; its default is the last one, which oneDNN computes fast."""
    for op in operators:
        if op.type == _SLOW:
            yield next((int(one.i) for one in op.attrs if one.name == "axis"), -1)
