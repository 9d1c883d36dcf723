"""Quantisation-aware training: PaddleSlim's passes put quantise and dequantise operators around layers."""

from collections.abc import Sequence
from typing import Any, ClassVar

from segcompress_api.act_settings import QuantSettings
from segcompress_runner.compression.act_config import quantization_config
from segcompress_runner.compression.graph import Operator
from segcompress_runner.compression.joined_ranges import join_ranges
from segcompress_runner.compression.slim import (
    convert,
    get_pact_optimizer,
    pact,
    quant_aware,
)
from segcompress_runner.compression.steps.quantisable import (
    drop_rest_of_observers,
    leave_rest_in_float,
    quantisable,
)
from segcompress_runner.compression.steps.step import Graphs, Step

_FIELD = "spec.strategy.QuantAware.quantize_op_types"


class QuantAware(Step):
    """Both programs quantised with shared scales, which the training program learns."""

    rewrites_graph: ClassVar[bool] = True

    def __init__(self, settings: QuantSettings) -> None:
        self._settings = settings.quant_aware
        # PACT learns where to clip each variable, and would for each share by itself; and a full quantisation
        # takes what puts shares together for a layer.
        self.sees_whole_batch = self._settings.use_pact or self._settings.is_full_quantize

    def changed(self, program: Any, graph: Sequence[Operator], nodes: Sequence[str]) -> tuple[Operator, ...]:
        """Return the operators with weights that the passes quantise."""
        del nodes
        return quantisable(program, graph, self._settings, _FIELD)

    def after_loss(self, graphs: Graphs, executor: Any) -> None:
        """Insert quantise and dequantise operators into both programs."""
        leave_rest_in_float(graphs)
        uses_pact = self._settings.use_pact
        graphs.inference = quant_aware(
            graphs.inference, executor.place, self._config(), scope=graphs.scope, for_test=True
        )
        graphs.train = quant_aware(
            graphs.train,
            executor.place,
            self._config(),
            scope=graphs.scope,
            act_preprocess_func=pact if uses_pact else None,
            optimizer_func=get_pact_optimizer if uses_pact else None,
            executor=executor if uses_pact else None,
            return_program=True,
        )
        join_ranges(graphs.train)
        drop_rest_of_observers(graphs)

    def finalise(self, graphs: Graphs, executor: Any) -> None:
        """Turn the weights in the scope into int8 values."""
        graphs.inference = convert(graphs.inference, executor.place, self._config(), scope=graphs.scope)

    def _config(self) -> dict[str, Any]:
        return quantization_config(self._settings)
