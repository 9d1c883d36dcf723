"""Post-training quantisation: the graph of quantisation-aware training, with scales that are measured.

Paddle's own calibration (`PostTrainingQuantization`) takes a `paddle.io.DataLoader` and a folder alone, and
keeps every activation of a batch.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from segcompress_api.act_settings import QuantPostSettings
from segcompress_api.quantisation_sections import QuantAware
from segcompress_runner.compression.act_config import FLOAT_SCOPE, quantization_config
from segcompress_runner.compression.graph import Operator
from segcompress_runner.compression.joined_ranges import OBSERVER
from segcompress_runner.compression.known_names import check_known
from segcompress_runner.compression.slim import convert, quant_aware
from segcompress_runner.compression.steps.quantisable import (
    drop_rest_of_observers,
    leave_rest_in_float,
    quantisable,
)
from segcompress_runner.compression.steps.step import Graphs, Step
from segcompress_runner.compression.thresholds import Magnitudes, threshold

_FIELD = "spec.strategy.QuantPost"
_QUANTISER = "quantize_linear"
_LEAST = 1e-8


class QuantPost(Step):
    """One model: `insert` the operators, `observe` pictures, `settle` the scales, then `finalise`."""

    rewrites_graph: ClassVar[bool] = True

    def __init__(self, settings: QuantPostSettings) -> None:
        self._settings = settings
        section = settings.quant_post
        self._section = section
        self._graph = QuantAware(
            is_full_quantize=section.is_full_quantize,
            quantize_op_types=section.quantize_op_types,
            weight_quantize_type=section.weight_quantize_type,
        )
        self._scales: dict[str, str] = {}
        self._magnitudes: dict[str, Magnitudes] = {}

    def changed(self, program: Any, graph: Sequence[Operator], nodes: Sequence[str]) -> tuple[Operator, ...]:
        """Return the operators with weights that are quantised."""
        del nodes
        known = {name for one in graph for name in (*one.inputs, *one.outputs)}
        field, otherwise = f"{_FIELD}.skip_tensor_list", "name the input of a layer"
        check_known(self._section.skip_tensor_list, known, field, "a variable of the model", otherwise)
        left = [one for one in graph if not self._is_skipped(one.inputs)]
        return quantisable(program, left, self._graph, f"{_FIELD}.quantize_op_types")

    def pictures(self, listed: int) -> int:
        """Return how many of the training list's pictures are looked at."""
        return self._settings.pictures(listed)

    def insert(self, graphs: Graphs, executor: Any) -> tuple[str, ...]:
        """Quantise of `graphs.inference` what the float model `graphs.train` has, and return what to observe.

        That is, the variables of `graphs.train` whose magnitudes `observe` and `settle` need.
        """
        leave_rest_in_float(graphs)
        for op in graphs.inference.global_block().ops:
            if self._is_skipped(op.input_arg_names):
                op._set_attr("op_namescope", f"/{FLOAT_SCOPE}/")  # noqa: SLF001  # no public way
        graphs.inference = quant_aware(
            graphs.inference, executor.place, self._config(), scope=graphs.scope, for_test=True
        )
        drop_rest_of_observers(graphs)
        weights = {var.name for var in graphs.train.list_vars() if var.persistable}
        for op in graphs.inference.global_block().ops:
            if op.type not in (_QUANTISER, OBSERVER):
                continue
            (name,) = op.input("X")
            (scale,) = op.input("Scale") if op.type == _QUANTISER else op.output("OutScale")
            if name in weights:
                _set(graphs.scope, scale, self._peaks(graphs.scope, name, op.attr("quant_axis")), executor)
            else:
                self._scales[name] = scale
        self._magnitudes = {name: Magnitudes() for name in self._scales}
        return tuple(self._scales)

    def observe(self, name: str, values: NDArray[Any]) -> None:
        """Take what the float model computed for a batch."""
        self._magnitudes[name].add(values)

    def settle(self, graphs: Graphs, executor: Any) -> None:
        """Set the scales of what was observed."""
        for name, scale in self._scales.items():
            found = threshold(self._magnitudes[name], self._section.algo, self._settings.hist_percent)
            _set(graphs.scope, scale, np.array([found], np.float32), executor)

    def finalise(self, graphs: Graphs, executor: Any) -> None:
        """Turn the weights in the scope into int8 values."""
        graphs.inference = convert(graphs.inference, executor.place, self._config(), scope=graphs.scope)

    def _config(self) -> dict[str, Any]:
        return quantization_config(self._graph)

    def _is_skipped(self, inputs: Sequence[str]) -> bool:
        return not set(self._section.skip_tensor_list).isdisjoint(inputs)

    @staticmethod
    def _peaks(scope: Any, name: str, axis: int) -> NDArray[np.float32]:
        """Return the largest magnitudes of a weight: one, or one for each index of `axis`."""
        weight = np.abs(np.asarray(scope.find_var(name).get_tensor()))
        others = tuple(one for one in range(weight.ndim) if one != axis)
        peaks = weight.max(axis=others) if axis >= 0 else weight.max(keepdims=True).reshape(1)
        found: NDArray[np.float32] = np.maximum(peaks, _LEAST).astype(np.float32)
        return found


def _set(scope: Any, name: str, value: NDArray[np.float32], executor: Any) -> None:
    scope.find_var(name).get_tensor().set(value, executor.place)
