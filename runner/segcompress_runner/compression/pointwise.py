"""The 1x1 convolutions of a program, and what their inputs are on pictures."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcompress_runner.compression.reconstruction import Array

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
            shift = _shift(block, op.output("Output")[0])
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

    def inputs(self, layers: Sequence[Pointwise]) -> dict[str, Array]:
        """Return samples (pixels x channels) of each layer's input, by the layer's weight."""
        parts: dict[str, list[Array]] = {layer.weight: [] for layer in layers}
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


def _sampled(values: NDArray[np.float32], strides: tuple[int, int]) -> Array:
    """Return some pixels of N x C x H x W, always the same ones, as pixels x C."""
    seen = values[:, :, :: strides[0], :: strides[1]]
    pixels = seen.reshape(*seen.shape[:2], -1)
    count = pixels.shape[2]
    chosen = np.random.default_rng(0).choice(count, min(count, _PIXELS), replace=False)
    samples: Array = np.moveaxis(pixels[:, :, chosen], 1, 2).reshape(-1, seen.shape[1]).astype(np.float64)
    return samples


def _shift(block: Any, output: str) -> tuple[str, int] | None:
    """Return the parameter that an addition to a layer's outputs can go into."""
    readers = [op for op in block.ops if output in op.input_arg_names]
    if len(readers) != 1:
        return None
    (reader,) = readers
    if reader.type == "batch_norm":
        return reader.input("Mean")[0], -1
    if reader.type == "elementwise_add" and reader.input("X")[0] == output:
        bias = block.var(reader.input("Y")[0])
        return (bias.name, 1) if bias.persistable else None
    return None
