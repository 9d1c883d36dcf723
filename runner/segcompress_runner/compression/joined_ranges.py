"""One range for all shares of a batch, where quantisation-aware training measures each share by itself.

PaddleSlim's passes put an operator behind every variable that they quantise or observe: it finds the largest
absolute value, and follows it by a moving average. In a program in shares there is one for each share. Here
each share tells its largest and its least value, one operator makes of those what it makes of a whole batch,
bit for bit, and every share is quantised by that range.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from segcompress_runner.compression.graph import FORWARD
from segcompress_runner.compression.op_order import Access, in_order
from segcompress_runner.compression.shares import whole_name

OBSERVER = "moving_average_abs_max_scale"
"""The operator by which the passes note the range of a layer's output."""

_QUANTISER, _DEQUANTISER = "quantize_linear", "dequantize_linear"
_EXTREMES = ("reduce_max", "reduce_min")
_SCALE = "@scale"


def join_ranges(program: Any) -> None:
    """Let all shares of a variable in a training program have one range, under the variable's own name.

    A program that computes a batch as a whole stays as it is.
    """
    block = program.global_block()
    ranges = _ranges_of_shares(block)
    if not ranges:
        return
    sequence = [made for op in list(block.ops) for made in _joined(block, op, ranges)]
    _arrange(block, sequence, {whole + _SCALE for whole in ranges})


def _ranges_of_shares(block: Any) -> Mapping[str, list[Any]]:
    """Return the operators that measure shares, by the variable that is shared."""
    found: dict[str, list[Any]] = {}
    for op in block.ops:
        if _measures(op) and _measured(op) != whole_name(_measured(op)):
            found.setdefault(whole_name(_measured(op)), []).append(op)
    return found


def _measures(op: Any) -> bool:
    return op.type in (OBSERVER, _QUANTISER) and "InState" in op.input_names and bool(op.input("InState"))


def _measured(op: Any) -> str:
    name: str = op.input("X")[0]
    return name


def _joined(block: Any, op: Any, ranges: Mapping[str, list[Any]]) -> list[Any]:
    """Return what stands for one operator once ranges are joined."""
    if op.type == _DEQUANTISER:
        _use_range(op, whole_name(op.input("Scale")[0].removesuffix(_SCALE)), ranges)
    if not _measures(op) or whole_name(_measured(op)) not in ranges:
        return [op]
    whole = whole_name(_measured(op))
    if _measured(op) == whole and op.type == OBSERVER:
        return []  # what the shares are put together to: measured with them
    made = [_extreme(block, kind, _measured(op)) for kind in _EXTREMES]
    if op is ranges[whole][-1]:
        made += _range(block, whole, ranges[whole])
    if op.type == _QUANTISER:
        _use_range(op, whole, ranges)
        made.append(_frozen(op))
    return made


def _use_range(op: Any, whole: str, ranges: Collection[str]) -> None:
    if whole in ranges:
        op.desc.set_input("Scale", [whole + _SCALE])


def _frozen(op: Any) -> Any:
    """Let an operator quantise by the range that it is given, and follow none."""
    for name in ("InState", "InAccum"):
        op.desc.set_input(name, [])
    for name in ("OutState", "OutAccum", "OutScale"):
        op.desc.set_output(name, [])
    op._set_attr("is_test", True)  # noqa: SLF001, FBT003  # no public way
    return op


def _extreme(block: Any, kind: str, name: str) -> Any:
    """Append the largest or the least value of a variable."""
    made = block.create_var(name=f"{name}.{kind}", shape=[1, 1, 1, 1], dtype=block.var(name).dtype)
    attrs = {"reduce_all": True, "keep_dim": True, "dim": [0], **FORWARD}
    return block.append_op(type=kind, inputs={"X": [name]}, outputs={"Out": [made]}, attrs=attrs)


def _range(block: Any, whole: str, measuring: Sequence[Any]) -> list[Any]:
    """Append the operator that follows the range of all shares, and what puts their extremes together."""
    shares, kind = [_measured(op) for op in measuring], block.var(_measured(measuring[0])).dtype
    extremes = [f"{share}.{extreme}" for share in shares for extreme in _EXTREMES]
    joined = block.create_var(name=f"{whole}.extremes", shape=[len(extremes), 1, 1, 1], dtype=kind)
    scale = block.create_var(name=whole + _SCALE, shape=[1], dtype=kind, persistable=True)
    last = measuring[-1]
    states = {name: last.input(name) for name in ("InState", "InAccum")}
    followed = {name: last.output(name) for name in ("OutState", "OutAccum")}
    return [
        block.append_op(
            type="concat", inputs={"X": extremes}, outputs={"Out": [joined]}, attrs={"axis": 0, **FORWARD}
        ),
        block.append_op(
            type=OBSERVER,
            inputs={"X": [joined], **states},
            outputs={"OutScale": [scale], **followed},
            attrs={"moving_rate": last.attr("moving_rate"), "is_test": False, **FORWARD},
        ),
    ]


def _arrange(block: Any, sequence: Sequence[Any], late: Collection[str]) -> None:
    """Let the block hold these operators alone, in an order in which `late` variables are there when read."""
    accesses = [Access(frozenset(op.input_arg_names), frozenset(op.output_arg_names)) for op in sequence]
    count = len(block.ops)
    for index in in_order(accesses, late):
        block.desc.append_op().copy_from(sequence[index].desc)
    block._sync_with_cpp()  # noqa: SLF001  # no public way
    block.desc._remove_op(0, count)  # noqa: SLF001
    del block.ops[:count]
