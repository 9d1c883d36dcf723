"""Layers that are pruned one after the other, each made to put out what it did in the dense model.

A layer sees what the layers before it put out once they are pruned, so that it makes up for their errors too.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from segcompress_runner.compression.layer_inputs import Looking
from segcompress_runner.compression.magnitude import Masks, mask_by_scores
from segcompress_runner.compression.pointwise import Pointwise
from segcompress_runner.compression.reconstruction import (
    Array,
    Moments,
    moments_of,
    ranked,
    refitted,
    removal_costs,
)

Done = Callable[[Masks], None]
"""Takes the mask of a layer once it is pruned."""


class Reconstruction:
    """Prunes weights of a scope; `layers` are as dense as they are when it is made."""

    def __init__(self, looking: Looking, layers: Sequence[Pointwise], scope: Any, place: Any) -> None:
        self._looking = looking
        self._layers = layers
        self._dense = looking.inputs(layers)
        self._scope = scope
        self._place = place

    def prune(self, ratios: Mapping[str, float], block: int, done: Done) -> Iterator[None]:
        """Prune each layer to its ratio; yields after each block, of which a wide layer's take seconds."""
        for layer in self._layers:
            weight = np.asarray(self._tensor(layer.weight))
            flat = weight.reshape(len(weight), -1).astype(np.float64)
            moments = self._moments(layer, flat)
            shifted = layer.shift is not None
            costs = []
            for each in removal_costs(flat, moments, block, shifted=shifted):
                costs.append(each)
                yield
            mask = mask_by_scores(ranked(costs), weight.shape, ratios[layer.weight], block=block)
            fitted, added = refitted(flat, mask.reshape(flat.shape), moments, shifted=shifted)
            self._set(layer.weight, fitted)
            if layer.shift is not None:
                name, sign = layer.shift
                self._set(name, np.asarray(self._tensor(name)).ravel() + sign * added)
            done({layer.weight: mask})

    def _moments(self, layer: Pointwise, weight: Array) -> Moments:
        """Return what a layer sees now, and what it put out in the dense model, which is needed only once."""
        now = self._looking.inputs([layer])[layer.weight].astype(np.float64)
        return moments_of(now, self._dense.pop(layer.weight).astype(np.float64) @ weight.T)

    def _tensor(self, name: str) -> Any:
        return self._scope.find_var(name).get_tensor()

    def _set(self, name: str, value: Array) -> None:
        tensor = self._tensor(name)
        tensor.set(value.reshape(tensor.shape()).astype(np.float32), self._place)
