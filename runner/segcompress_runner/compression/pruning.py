"""Hold the masks of a sparse training: raise the ratio, and zero what is masked.

The graph surgery is upstream's (`UnstructuredPruner` multiplies every parameter by its mask before each
iteration, and says which parameters stay out); when the ratio rises and which weights fall is decided by
`ramp` and `magnitude`. No import of PaddleSlim here: the pruner comes from `program`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcompress_api.act_settings import PruneSettings
from segcompress_runner.compression.magnitude import masks_at_ratio, masks_at_threshold
from segcompress_runner.compression.ramp import ratio_after
from segcompress_runner.errors import InvalidSettingError


class Pruning:
    """The masks of one training; `ratio` is the share in force, None in threshold mode."""

    def __init__(self, pruner: Any, settings: PruneSettings, place: Any) -> None:
        self._pruner = pruner
        self._settings = settings
        self._place = place
        self._layers = [name for name in pruner.masks if name not in pruner.skip_params]
        self.ratio: float | None = None
        if not self._layers:
            raise InvalidSettingError(_nothing_to_prune(settings))

    @property
    def at_full_ratio(self) -> bool:
        """Whether the ramp is over; always, in threshold mode."""
        return self.ratio == self._settings.ratio

    def advance(self, iterations: int) -> None:
        """Bring the masks to where they must be once `iterations` are behind."""
        if self._settings.threshold is not None:
            self._set_masks(masks_at_threshold(self._weights(), self._settings.threshold))
            return
        ratio = ratio_after(iterations, float(self._settings.ratio or 0.0), self._settings.gmp)
        if ratio != self.ratio:
            self.ratio = ratio
            self._set_masks(masks_at_ratio(self._weights(), ratio, local=self._settings.local))

    def zero_masked(self) -> None:
        """Zero the masked weights: an optimiser's step may have moved them since the last iteration."""
        self._pruner.update_params()

    def _weights(self) -> dict[str, NDArray[np.float32]]:
        return {name: np.array(self._tensor(name)) for name in self._layers}

    def _set_masks(self, masks: Mapping[str, NDArray[np.float32]]) -> None:
        for name, mask in masks.items():
            self._tensor(self._pruner.masks[name]).set(mask, self._place)

    def _tensor(self, name: str) -> Any:
        return self._pruner.scope.find_var(name).get_tensor()


def _nothing_to_prune(settings: PruneSettings) -> str:
    field = "spec.strategy.UnstructurePrune.prune_params_type"
    if settings.only_1x1:
        return f"{field}: the model has no 1x1 convolution; leave prune_params_type out to prune every layer"
    return f"{field}: the model has no layer that can be pruned (norms and biases never are)"
