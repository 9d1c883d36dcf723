"""The 1x1 convolutions of a program, and what their inputs are on pictures."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcompress_runner.compression.reconstruction import Array
from segcompress_runner.compression.slim import remove_fetch_node
from segcompress_runner.compression.teacher import without_feed

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
        if op.type == "conv2d" and op.attr("groups") == 1 and op.input("Filter")[0] in chosen:
            rows, columns = op.attr("strides")
            shift = _shift(block, op.output("Output")[0])
            yield Pointwise(op.input("Filter")[0], op.input("Input")[0], (rows, columns), shift)


class Looking:
    """A program that tells what the inputs of its layers are on batches of pictures (N x 3 x H x W)."""

    def __init__(
        self, program: Any, scope: Any, executor: Any, batches: Sequence[NDArray[np.float32]]
    ) -> None:
        self._feed = program.desc.get_feed_target_names()[0]
        self._program = without_feed(program.clone(for_test=True))
        remove_fetch_node(self._program)
        self._scope, self._executor, self._batches = scope, executor, batches

    def inputs(self, layers: Sequence[Pointwise]) -> dict[str, Array]:
        """Return samples (pixels x channels) of each layer's input, by the layer's weight."""
        names = list(dict.fromkeys(layer.input for layer in layers))
        program = self._program._prune(names)  # noqa: SLF001  # no public way
        parts: dict[str, list[Array]] = {layer.weight: [] for layer in layers}
        for batch in self._batches:
            feed = {self._feed: batch}
            found = self._executor.run(program, feed=feed, fetch_list=names, scope=self._scope)
            values = dict(zip(names, found, strict=True))
            for layer in layers:
                parts[layer.weight].append(_sampled(np.asarray(values[layer.input]), layer.strides))
        return {name: np.concatenate(samples) for name, samples in parts.items()}


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
