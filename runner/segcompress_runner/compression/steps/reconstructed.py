"""Layers that are pruned one after the other, each made to put out what it did in the dense model.

A layer sees what the layers before it put out once they are pruned, so that it makes up for their errors too.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcompress_runner.compression.magnitude import mask_by_scores
from segcompress_runner.compression.pointwise import Looking, Pointwise
from segcompress_runner.compression.reconstruction import Array, moments_of, refitted, removal_costs


class Reconstruction:
    """Prunes the weights of a scope."""

    def __init__(self, looking: Looking, scope: Any, place: Any) -> None:
        self._looking = looking
        self._scope = scope
        self._place = place

    def prune(
        self, layers: Sequence[Pointwise], ratios: Mapping[str, float], block: int
    ) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """Prune each layer to its ratio; yield its weight's name and mask."""
        dense = self._looking.inputs(layers)
        for layer in layers:
            weight = np.asarray(self._tensor(layer.weight))
            flat = weight.reshape(len(weight), -1).astype(np.float64)
            now = self._looking.inputs([layer])[layer.weight]
            moments = moments_of(now, dense[layer.weight] @ flat.T)
            shifted = layer.shift is not None
            costs = removal_costs(flat, moments, block, shifted=shifted)
            mask = mask_by_scores(costs, weight.shape, ratios[layer.weight], block=block)
            fitted, added = refitted(flat, mask.reshape(flat.shape), moments, shifted=shifted)
            self._set(layer.weight, fitted)
            if layer.shift is not None:
                name, sign = layer.shift
                self._set(name, np.asarray(self._tensor(name)).ravel() + sign * added)
            yield layer.weight, mask

    def _tensor(self, name: str) -> Any:
        return self._scope.find_var(name).get_tensor()

    def _set(self, name: str, value: Array) -> None:
        tensor = self._tensor(name)
        tensor.set(value.reshape(tensor.shape()).astype(np.float32), self._place)
