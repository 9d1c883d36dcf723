"""The 1x1 convolutions of a program, and what can be added to their outputs."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Pointwise:
    """A convolution without groups: names of weight and input, its strides (rows, columns).

    `shift` names what an addition to its outputs goes into, and with which sign: the mean of the norm behind
    it, or its bias. None where there is neither.
    """

    weight: str
    input: str
    strides: tuple[int, int]
    shift: tuple[str, int] | None


def pointwise_layers(program: Any, weights: Sequence[str]) -> Iterator[Pointwise]:
    """Yield the convolutions that alone have one of `weights`, in the order of their computation.

    Without those whose input is a weight, or is overwritten (by a loop, say): one cannot look at it.
    """
    block = program.global_block()
    read = Counter(name for op in block.ops for name in op.input_arg_names)
    made = Counter(name for op in block.ops for name in op.output_arg_names)
    chosen = {name for name in weights if read[name] == 1}
    for op in block.ops:
        if op.type != "conv2d" or op.input("Filter")[0] not in chosen:
            continue
        (seen,) = op.input("Input")
        stays = made[seen] <= 1 and not block.var(seen).persistable
        if stays and _sees_single_pixels(block, op):
            rows, columns = op.attr("strides")
            shift = _shift(block, op.output("Output")[0], read)
            yield Pointwise(op.input("Filter")[0], seen, (rows, columns), shift)


def _sees_single_pixels(block: Any, op: Any) -> bool:
    """Return whether every output of a convolution depends on one pixel, and on all of its channels."""
    kernel = tuple(block.var(op.input("Filter")[0]).shape[2:])
    channels_first = op.attr("data_format") in ("NCHW", "AnyLayout")
    return channels_first and op.attr("groups") == 1 and kernel == (1, 1) and not any(op.attr("paddings"))


def _shift(block: Any, output: str, read: Mapping[str, int]) -> tuple[str, int] | None:
    """Return the parameter that an addition to a layer's outputs, and to nothing else, can go into."""
    readers = [op for op in block.ops if output in op.input_arg_names]
    if len(readers) != 1:
        return None
    (reader,) = readers
    if reader.type == "batch_norm":
        name, sign = reader.input("Mean")[0], -1
    elif reader.type == "elementwise_add" and _adds_bias(block, reader, output):
        name, sign = reader.input("Y")[0], 1
    else:
        return None
    return (name, sign) if read[name] == 1 else None


def _adds_bias(block: Any, addition: Any, output: str) -> bool:
    """Return whether a parameter with a value for each channel is added to a layer's outputs."""
    bias, channels = block.var(addition.input("Y")[0]), block.var(output).shape[1]
    shape = (channels,) if addition.attr("axis") == 1 else (1, channels, 1, 1)
    return addition.input("X") == [output] and bool(bias.persistable) and tuple(bias.shape) == shape
