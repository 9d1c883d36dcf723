"""Unstructured sparsity: masks hold the least weights at zero while the others are trained.

The graph surgery is upstream's (`UnstructuredPruner` multiplies every parameter by its mask before each
iteration, and says which parameters stay out); when the ratio rises and which weights fall is decided by
`ramp` and `magnitude`.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray

from segcompress_api.act_settings import PruneSettings
from segcompress_runner.compression.graph import Operator
from segcompress_runner.compression.layer_inputs import Looking
from segcompress_runner.compression.layer_ratios import ratios_of_layers
from segcompress_runner.compression.magnitude import Masks, masks_at_ratio, masks_at_ratios
from segcompress_runner.compression.pointwise import pointwise_layers
from segcompress_runner.compression.ramp import ratio_after
from segcompress_runner.compression.slim import UnstructuredPruner, remove_fetch_node
from segcompress_runner.compression.steps.reconstructed import Reconstruction
from segcompress_runner.compression.steps.step import Graphs, Step
from segcompress_runner.compression.teacher import without_feed
from segcompress_runner.errors import InvalidSettingError

_PICTURES = 32
"""That reconstruction looks at: with 128 pixels of each, more samples than most layers have inputs."""


class Unstructured(Step):
    """The masks of one training."""

    def __init__(self, settings: PruneSettings) -> None:
        self._settings = settings
        self.looks_at = _PICTURES if settings.criterion == "reconstruction" else 0
        self._pruner: Any = None
        self._graphs: Graphs | None = None
        self._layers: tuple[str, ...] = ()
        self._ratios: Mapping[str, float] = {}
        self._masking: Any = None

    @property
    def eligible(self) -> bool:
        """Return whether the ramp is over; always, in threshold mode."""
        return self.ratio == self._settings.ratio

    def changed(self, program: Any, graph: Sequence[Operator], nodes: Sequence[str]) -> tuple[Operator, ...]:
        """Return the operators whose weights are pruned."""
        del nodes
        pruned = self._pruned(program)
        if not pruned:
            raise InvalidSettingError(_nothing_to_prune(self._settings))
        self._final_ratios(program, pruned)
        return tuple(one for one in graph if not pruned.isdisjoint(one.inputs))

    def before_loss(self, graphs: Graphs, executor: Any) -> None:
        """Multiply every parameter by its mask."""
        pruned = self._pruned(graphs.train)
        self._graphs = graphs
        self._pruner = UnstructuredPruner(
            graphs.train,
            mode=self._settings.mode,
            scope=graphs.scope,
            place=executor.place,
            prune_params_type=_params_type(self._settings),
        )
        self._layers = tuple(name for name in self._pruner.masks if name in pruned)
        self._ratios = self._final_ratios(graphs.train, pruned)
        if self._settings.threshold is not None:
            self._masking = self._masking_program(graphs.train, self._settings.threshold)

    def see(self, batches: Sequence[NDArray[np.float32]], executor: Any) -> Iterator[None]:
        """Choose masks and weights by what the layers compute of pictures, block by block."""
        graphs = self._graphs
        if not self.looks_at or graphs is None:
            return
        self.ratio = float(self._settings.ratio or 0.0)
        (feed,) = graphs.inference.desc.get_feed_target_names()
        program = without_feed(graphs.inference.clone(for_test=True))
        remove_fetch_node(program)
        looking = Looking(program, feed, graphs.scope, executor, batches)
        layers = tuple(pointwise_layers(graphs.inference, self._layers))
        reconstruction = Reconstruction(looking, layers, graphs.scope, executor.place)
        place, later = executor.place, {layer.weight for layer in layers}
        # What is not such a layer, for its groups, say, is pruned by magnitude, and first: others see it.
        by_magnitude = self._masks(self.ratio).items()
        self._set_masks({name: mask for name, mask in by_magnitude if name not in later}, place)
        self._pruner.update_params()
        ratios = self._ratios or dict.fromkeys(self._layers, self.ratio)
        yield from reconstruction.prune(
            ratios, self._settings.block, lambda mask: self._set_masks(mask, place)
        )

    def advance(self, iterations: int, executor: Any) -> None:
        """Raise the ratio where it is time; in threshold mode mask what fell below it since."""
        if self._masking is not None:
            executor.run(self._masking, scope=self._pruner.scope)
            return
        ratio = ratio_after(iterations, float(self._settings.ratio or 0.0), self._settings.gmp)
        if ratio != self.ratio:
            self.ratio = ratio
            self._set_masks(self._masks(ratio), executor.place)

    def before_evaluation(self, executor: Any) -> None:
        """Zero the masked weights: an optimiser's step may have moved them since the last iteration."""
        del executor
        self._pruner.update_params()

    def _pruned(self, program: Any) -> frozenset[str]:
        """Return the parameters that the section names: 1x1 convolutions, or every weight but norms'."""
        choose = "_get_skip_params_conv1x1" if self._settings.only_1x1 else "_get_skip_params"
        skipped: set[str] = getattr(UnstructuredPruner, choose)(None, program)
        return frozenset(param.name for param in program.all_parameters()) - skipped

    def _masking_program(self, train: Any, threshold: float) -> Any:
        """Return a program that sets the masks by the weights where both are, on the device."""
        program = paddle.static.Program()
        with paddle.static.program_guard(program, paddle.static.Program()):
            block = program.global_block()
            for name in self._layers:
                shape = train.global_block().var(name).shape
                weight, mask = (
                    block.create_var(name=one, shape=shape, dtype="float32", persistable=True)
                    for one in (name, self._pruner.masks[name])
                )
                paddle.assign(paddle.cast(paddle.abs(weight) >= threshold, "float32"), output=mask)
        return program

    def _final_ratios(self, program: Any, pruned: Iterable[str]) -> Mapping[str, float]:
        """Return what each layer reaches, {} where none has a ratio of its own."""
        settings = self._settings
        if not settings.layers or settings.ratio is None:
            return {}
        sizes = {name: math.prod(program.global_block().var(name).shape) for name in pruned}
        return ratios_of_layers(sizes, settings.ratio, dict(settings.layers))

    def _masks(self, ratio: float) -> Masks:
        """Return the masks at a ratio of the ramp, which all layers rise with in proportion."""
        settings = self._settings
        if not self._ratios:
            return masks_at_ratio(self._weights(), ratio, local=settings.local, block=settings.block)
        risen = ratio / float(settings.ratio or 1.0)
        ratios = {name: risen * final for name, final in self._ratios.items()}
        return masks_at_ratios(self._weights(), ratios, block=settings.block)

    def _weights(self) -> dict[str, NDArray[np.float32]]:
        return {name: np.asarray(self._tensor(name)) for name in self._layers}

    def _set_masks(self, masks: Mapping[str, NDArray[np.float32]], place: Any) -> None:
        for name, mask in masks.items():
            self._tensor(self._pruner.masks[name]).set(mask, place)

    def _tensor(self, name: str) -> Any:
        return self._pruner.scope.find_var(name).get_tensor()


def _params_type(settings: PruneSettings) -> str | None:
    return "conv1x1_only" if settings.only_1x1 else None


def _nothing_to_prune(settings: PruneSettings) -> str:
    field = "spec.strategy.UnstructurePrune.prune_params_type"
    if settings.only_1x1:
        return f"{field}: the model has no 1x1 convolution; leave prune_params_type out to prune every layer"
    return f"{field}: the model has no layer that can be pruned (norms and biases never are)"
