"""Which operators the quantisation passes change, and which stay as they are."""

from collections.abc import Sequence
from typing import Any

from segcompress_api.quantisation_sections import QuantAware
from segcompress_runner.compression.act_config import FLOAT_SCOPE
from segcompress_runner.compression.graph import Operator
from segcompress_runner.compression.joined_ranges import OBSERVER
from segcompress_runner.compression.shares import whole_name
from segcompress_runner.compression.slim import TRANSFORM_PASS_OP_TYPES
from segcompress_runner.compression.steps.step import Graphs
from segcompress_runner.errors import InvalidSettingError


def quantisable(
    program: Any, graph: Sequence[Operator], settings: QuantAware, field: str
) -> tuple[Operator, ...]:
    """Return the operators with weights that are quantised; raises InvalidSettingError naming `field`."""
    weights = {param.name for param in program.all_parameters()}
    kinds = set(TRANSFORM_PASS_OP_TYPES if settings.is_full_quantize else settings.quantize_op_types)
    found = tuple(
        one
        for one in graph
        if one.kind in kinds
        and not weights.isdisjoint(one.inputs)
        and not any(pattern in one.scope for pattern in settings.not_quant_pattern)
    )
    if not found:
        raise InvalidSettingError(
            f"{field}: the model has no layer of type {', '.join(sorted(kinds))} to quantise"
        )
    return found


def leave_rest_in_float(graphs: Graphs) -> None:
    """Mark operators that `graphs.train` lacks: their scales would stay at the value they begin with."""
    ops = graphs.train.global_block().ops
    known = {whole_name(name) for op in ops for name in op.output_arg_names}
    for op in graphs.inference.global_block().ops:
        if known.isdisjoint(op.output_arg_names):
            op._set_attr("op_namescope", f"/{FLOAT_SCOPE}/")  # noqa: SLF001  # no public way


def drop_rest_of_observers(graphs: Graphs) -> None:
    """Drop what the passes note of outputs that `graphs.train` lacks."""
    known = {whole_name(var.name) for var in graphs.train.list_vars()}
    block = graphs.inference.global_block()
    for index in reversed(range(len(block.ops))):
        op = block.ops[index]
        if op.type == OBSERVER and known.isdisjoint(op.input("X")):
            names = op.output_arg_names
            block._remove_op(index)  # noqa: SLF001  # no public way
            for name in names:
                block._remove_var(name)  # noqa: SLF001  # no public way
