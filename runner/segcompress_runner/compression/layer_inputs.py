"""What the inputs of layers are on pictures: some pixels of each, picked as soon as they are computed.

As a whole, the inputs of all layers would take gigabytes for a batch, and outside a GPU's memory at that.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segcompress_runner.compression.pointwise import Pointwise
from segcompress_runner.measurement.probes import behind, insert, new_variable, note_shape

Samples = NDArray[np.float32]
"""Pixels x channels."""

_PIXELS = 128
"""Of each picture: neighbours hardly say more."""


class Place(NamedTuple):
    """A variable (N x C x H x W), and the strides (rows, columns) at which a layer reads it."""

    value: str
    strides: tuple[int, int]


class Pick(NamedTuple):
    """Names of the variables that say which pixels to pick, and that hold these (N x C x pixels)."""

    pixels: str
    picked: str


class Looking:
    """Tells what the inputs of layers are on batches of pictures (N x 3 x H x W, of one size).

    `program` has neither feed nor fetch operators, and its weights in `scope`; `feed` names its input.
    """

    def __init__(
        self, program: Any, feed: str, scope: Any, executor: Any, batches: Sequence[NDArray[np.float32]]
    ) -> None:
        self._program = program
        self._feed = feed
        self._scope = scope
        self._executor = executor
        self._batches = batches
        _, _, height, width = batches[0].shape
        self._sizes = {feed: (height, width)}

    def inputs(self, layers: Sequence[Pointwise]) -> dict[str, Samples]:
        """Return samples of each layer's input, by the layer's weight."""
        places = {layer.weight: Place(layer.input, layer.strides) for layer in layers}
        parts: dict[str, list[Samples]] = {weight: [] for weight in places}
        for picked in self._picked(tuple(dict.fromkeys(places.values()))):
            for weight, place in places.items():
                parts[weight].append(np.moveaxis(picked[place], 1, 2).reshape(-1, picked[place].shape[1]))
        return {weight: np.concatenate(samples) for weight, samples in parts.items()}

    def _picked(self, places: Sequence[Place]) -> Iterator[Mapping[Place, Samples]]:
        """Yield what is picked at each place (N x C x pixels), batch by batch."""
        own = [place for place in places if place.value == self._feed]
        computed = [place for place in places if place.value != self._feed]
        self._measure([place.value for place in computed])
        chosen = {place: _chosen(self._sizes[place.value], place.strides) for place in places}
        program = self._up_to([place.value for place in computed])
        picks = {place: _pick(program.global_block(), place) for place in computed}
        pixels = {pick.pixels: chosen[place] for place, pick in picks.items()}
        names = [pick.picked for pick in picks.values()]
        for batch in self._batches:
            found = self._run(program, {self._feed: batch, **pixels}, names)
            flat = batch.reshape(*batch.shape[:2], -1)
            yield {place: flat[:, :, chosen[place]] for place in own} | dict(
                zip(computed, found, strict=True)
            )

    def _measure(self, values: Sequence[str]) -> None:
        """Note heights and widths of variables, which an exported program need not declare."""
        new = sorted(set(values) - self._sizes.keys())
        if not new:
            return
        program = self._up_to(new)
        probes = [note_shape(program.global_block(), value) for value in new]
        shapes = self._run(program, {self._feed: self._batches[0]}, probes)
        self._sizes |= {value: (int(s[2]), int(s[3])) for value, s in zip(new, shapes, strict=True)}

    def _up_to(self, values: Sequence[str]) -> Any:
        """Return a copy of the program that computes these variables alone."""
        return self._program._prune(list(dict.fromkeys(values)))  # noqa: SLF001  # no public way

    def _run(
        self, program: Any, feed: Mapping[str, NDArray[Any]], names: Sequence[str]
    ) -> list[NDArray[Any]]:
        if not names:
            return []
        found = self._executor.run(program, feed=dict(feed), fetch_list=list(names), scope=self._scope)
        return [np.asarray(values) for values in found]


def _chosen(size: tuple[int, int], strides: tuple[int, int]) -> NDArray[np.int64]:
    """Return some pixels of those that a layer reads, always the same ones, as places in H x W."""
    height, width = size
    read = np.arange(height * width).reshape(height, width)[:: strides[0], :: strides[1]].ravel()
    chosen = np.random.default_rng(0).choice(len(read), min(len(read), _PIXELS), replace=False)
    pixels: NDArray[np.int64] = read[chosen]
    return pixels


def _pick(block: Any, place: Place) -> Pick:
    """Have pixels picked where a variable is computed."""
    value, (rows, columns) = place
    kind, after, name = block.var(value).dtype, behind(block, value), f"{value}@{rows}x{columns}"
    chosen = new_variable(block, name, shape=[-1], dtype="int64")
    flat, shape, picked = (
        new_variable(block, f"{name}.{part}", dtype=kind) for part in ("flat", "shape", "picked")
    )
    insert(block, after, "reshape2", {"X": [value]}, {"Out": [flat], "XShape": [shape]}, shape=[0, 0, -1])
    insert(block, after + 1, "index_select", {"X": [flat], "Index": [chosen]}, {"Out": [picked]}, dim=2)
    return Pick(str(chosen.name), str(picked.name))
