"""2:4 sparsity: two of every four weights along a layer's inputs are zero while the others are trained.

Not `paddle.incubate.asp`, which ACT uses: it keeps what it was told for one program in the process's global
state, takes the masks along in its optimiser, and leaves out a layer without a word.
"""

from collections.abc import Sequence
from typing import Any

from segcompress_api.act_settings import TwoOfFourSettings
from segcompress_runner.compression.graph import Operator
from segcompress_runner.compression.halving import mask_two_of_four
from segcompress_runner.compression.steps.masking import Masking
from segcompress_runner.compression.steps.naming import check_named
from segcompress_runner.compression.steps.step import Graphs, Step
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.measurement.two_of_four import input_axes

_FIELD = "spec.strategy.ASPPrune.prune_params_name"
_WHAT = "2:4 sparsity is for convolutions without groups and products with a matrix, of at least 4 inputs"


class TwoOfFour(Step):
    """Masks that are chosen once, by the weights as they came, and hold to the end."""

    def __init__(self, settings: TwoOfFourSettings) -> None:
        self._names = settings.names
        self._masking: Any = None

    def changed(self, program: Any, graph: Sequence[Operator], nodes: Sequence[str]) -> tuple[Operator, ...]:
        """Return the operators whose weights become 2:4."""
        del nodes
        axes = self._axes(program)
        if not axes:
            raise InvalidSettingError(f"{_FIELD}: the model has no layer that can be pruned; {_WHAT}")
        return tuple(one for one in graph if not axes.keys().isdisjoint(one.inputs))

    def before_loss(self, graphs: Graphs, executor: Any) -> None:
        """Choose the masks by the weights in the scope."""
        self._masking = Masking(graphs.scope)
        for name, axis in self._axes(graphs.train).items():
            self._masking.hold(name, mask_two_of_four(self._masking.value(name), axis), executor.place)

    def advance(self, iterations: int, executor: Any) -> None:
        """Clear what the optimiser moved."""
        del iterations
        self._masking.apply(executor)

    def _axes(self, program: Any) -> dict[str, int]:
        """Return the weights to prune, each with the axis of its inputs."""
        axes = input_axes(program)
        check_named(self._names, [param.name for param in program.all_parameters()], _FIELD)
        for name in self._names:
            if name not in axes:
                raise InvalidSettingError(f"{_FIELD}: {name} cannot be pruned; {_WHAT}")
        return {name: axes[name] for name in self._names} or axes
