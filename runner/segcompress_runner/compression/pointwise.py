"""The 1x1 convolutions of a program, and what their inputs are on pictures."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Pixels x channels."""

_PIXELS = 128
"""Of each picture: neighbours hardly say more."""


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
    """Yield the convolutions that alone have one of `weights`, in the order of their computation."""
    block = program.global_block()
    read = Counter(name for op in block.ops for name in op.input_arg_names)
    chosen = {name for name in weights if read[name] == 1}
    for op in block.ops:
        if op.type == "conv2d" and op.input("Filter")[0] in chosen and _sees_single_pixels(block, op):
            rows, columns = op.attr("strides")
            shift = _shift(block, op.output("Output")[0], read)
            yield Pointwise(op.input("Filter")[0], op.input("Input")[0], (rows, columns), shift)


@dataclass(frozen=True)
class Looking:
    """Tells what the inputs of layers are on batches of pictures (N x 3 x H x W).

    `program` has neither feed nor fetch operators, and its weights in `scope`; `feed` names its input.
    """

    program: Any
    feed: str
    scope: Any
    executor: Any
    batches: Sequence[NDArray[np.float32]]

    def inputs(self, layers: Sequence[Pointwise]) -> dict[str, Samples]:
        """Return samples of each layer's input, by the layer's weight."""
        parts: dict[str, list[Samples]] = {layer.weight: [] for layer in layers}
        inputs = dict.fromkeys(layer.input for layer in layers)
        for values in self._computed([name for name in inputs if name != self.feed]):
            for layer in layers:
                parts[layer.weight].append(_sampled(values[layer.input], layer.strides))
        return {name: np.concatenate(samples) for name, samples in parts.items()}

    def _computed(self, names: list[str]) -> Iterator[dict[str, NDArray[np.float32]]]:
        """Yield the values of variables, and the pictures, for each batch."""
        program = self.program._prune(names) if names else None  # noqa: SLF001  # no public way
        for batch in self.batches:
            values = {self.feed: batch}
            if program is not None:
                found = self.executor.run(program, feed=dict(values), fetch_list=names, scope=self.scope)
                values.update(zip(names, map(np.asarray, found), strict=True))
            yield values


def _sees_single_pixels(block: Any, op: Any) -> bool:
    """Return whether every output of a convolution depends on one pixel, and on all of its channels."""
    kernel = tuple(block.var(op.input("Filter")[0]).shape[2:])
    return op.attr("groups") == 1 and kernel == (1, 1) and not any(op.attr("paddings"))


def _sampled(values: NDArray[np.float32], strides: tuple[int, int]) -> Samples:
    """Return some pixels of N x C x H x W, always the same ones, as pixels x C."""
    seen = values[:, :, :: strides[0], :: strides[1]]
    pixels = seen.reshape(*seen.shape[:2], -1)
    count = pixels.shape[2]
    chosen = np.random.default_rng(0).choice(count, min(count, _PIXELS), replace=False)
    samples: Samples = np.moveaxis(pixels[:, :, chosen], 1, 2).reshape(-1, seen.shape[1])
    return samples


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
