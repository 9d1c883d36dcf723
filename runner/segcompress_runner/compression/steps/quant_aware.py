"""Quantisation-aware training: PaddleSlim's passes put quantise and dequantise operators around layers."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from segcompress_api.act_settings import QuantSettings
from segcompress_runner.compression.act_config import FLOAT_SCOPE, quantization_config
from segcompress_runner.compression.graph import Operator
from segcompress_runner.compression.slim import (
    TRANSFORM_PASS_OP_TYPES,
    convert,
    get_pact_optimizer,
    pact,
    quant_aware,
)
from segcompress_runner.compression.steps.step import Graphs, Step
from segcompress_runner.errors import InvalidSettingError

_FIELD = "spec.strategy.QuantAware.quantize_op_types"
_OBSERVER = "moving_average_abs_max_scale"


class QuantAware(Step):
    """Both programs quantised with shared scales, which the training program learns."""

    rewrites_graph: ClassVar[bool] = True

    def __init__(self, settings: QuantSettings) -> None:
        self._settings = settings.quant_aware

    def changed(self, program: Any, graph: Sequence[Operator]) -> tuple[Operator, ...]:
        """Return the operators with weights that the passes quantise."""
        weights = {param.name for param in program.all_parameters()}
        kinds = set(self._settings.quantize_op_types)
        if self._settings.is_full_quantize:
            kinds = set(TRANSFORM_PASS_OP_TYPES)
        found = tuple(
            one
            for one in graph
            if one.kind in kinds and not weights.isdisjoint(one.inputs) and not self._is_skipped(one)
        )
        if not found:
            raise InvalidSettingError(
                f"{_FIELD}: the model has no layer of type {', '.join(sorted(kinds))} to quantise"
            )
        return found

    def after_loss(self, graphs: Graphs, executor: Any) -> None:
        """Insert quantise and dequantise operators into both programs."""
        _leave_in_float(_untrained(graphs))
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
        _drop_untrained_observers(graphs)

    def finalise(self, graphs: Graphs, executor: Any) -> None:
        """Turn the weights in the scope into int8 values."""
        graphs.inference = convert(graphs.inference, executor.place, self._config(), scope=graphs.scope)

    def _config(self) -> dict[str, Any]:
        return quantization_config(self._settings)

    def _is_skipped(self, operator: Operator) -> bool:
        return any(pattern in operator.scope for pattern in self._settings.not_quant_pattern)


def _leave_in_float(untrained: Iterable[Any]) -> None:
    """Mark operators that the training never sees: their scales would stay at the value they begin with."""
    for op in untrained:
        op._set_attr("op_namescope", f"/{FLOAT_SCOPE}/")  # noqa: SLF001  # no public way


def _untrained(graphs: Graphs) -> list[Any]:
    """Return the operators of the inference program that lie behind the distilled variables."""
    trained = {name for op in graphs.train.global_block().ops for name in op.output_arg_names}
    return [op for op in graphs.inference.global_block().ops if trained.isdisjoint(op.output_arg_names)]


def _drop_untrained_observers(graphs: Graphs) -> None:
    """Drop what the passes note of outputs behind the distilled variables: the training never sees them."""
    trained = {var.name for var in graphs.train.list_vars()}
    block = graphs.inference.global_block()
    for index in reversed(range(len(block.ops))):
        op = block.ops[index]
        if op.type == _OBSERVER and not trained.issuperset(op.output("OutScale")):
            names = op.output_arg_names
            block._remove_op(index)  # noqa: SLF001  # no public way
            for name in names:
                block._remove_var(name)  # noqa: SLF001  # no public way
