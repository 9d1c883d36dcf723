"""The gradient of a depthwise convolution with respect to its input, gathered instead of scattered.

Paddle 2.6.2's kernel for the CPU scatters (col2im, phi/kernels/funcs/im2col.cc), element by element, and
takes longer than for all the rest of the convolution. Where a convolution has stride 1, the same values come
out of a convolution of the output's gradient with the flipped weights, whose kernel copies whole rows.
"""

from typing import Any

from segcompress_runner.compression.graph import BACKWARD

_GRADIENT = "depthwise_conv2d_grad"
_FLIPPED = ".flipped"


def gather_gradients(program: Any) -> int:
    """Rewrite the gradients in `program`; return how many there were to rewrite."""
    block = program.global_block()
    found = [(index, op) for index, op in enumerate(block.ops) if op.type == _GRADIENT and _fits(op, block)]
    for index, op in reversed(found):
        _rewrite(block, index, op)
    return len(found)


def _fits(op: Any, block: Any) -> bool:
    """Return whether it is the gradient of one filter for each channel, with stride and dilation 1."""
    channels, per_group, *size = block.var(op.input("Filter")[0]).shape
    plain = all(set(op.attr(name)) == {1} for name in ("strides", "dilations"))
    explicit = op.attr("padding_algorithm") == "EXPLICIT" and op.attr("data_format") in ("NCHW", "AnyLayout")
    paddings = op.attr("paddings")
    within = len(paddings) == len(size) and all(pad < one for pad, one in zip(paddings, size, strict=True))
    single = per_group == 1 and op.attr("groups") == channels
    return bool(op.output("Input@GRAD")) and plain and explicit and within and single


def _rewrite(block: Any, index: int, op: Any) -> None:
    weights, given, made = op.input("Filter")[0], op.input("Output@GRAD")[0], op.output("Input@GRAD")[0]
    _, _, *size = block.var(weights).shape
    padding = [one - 1 - pad for one, pad in zip(size, op.attr("paddings"), strict=True)]
    flipped = block.create_var(
        name=made + _FLIPPED, shape=block.var(weights).shape, dtype=block.var(weights).dtype
    )
    convolution = {
        "strides": [1, 1],
        "paddings": padding,
        "dilations": [1, 1],
        "groups": op.attr("groups"),
        "data_format": "NCHW",
        "padding_algorithm": "EXPLICIT",
        **BACKWARD,
    }
    op.desc.set_output("Input@GRAD", [])
    ends: Any = {"inputs": {"Input": [given], "Filter": [flipped]}, "outputs": {"Output": [made]}}
    block._insert_op(index, type="depthwise_conv2d", attrs=convolution, **ends)  # noqa: SLF001  # no public way
    block._insert_op(  # noqa: SLF001
        index,
        type="flip",
        inputs={"X": [weights]},
        outputs={"Out": [flipped]},
        attrs={"axis": [2, 3], **BACKWARD},
    )
