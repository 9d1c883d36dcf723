"""Operators among those of a program, which look at a value as soon as it is there."""

from collections.abc import Mapping
from typing import Any


def behind(block: Any, value: str) -> int:
    """Return the place in a block's operators at which a variable has its value."""
    makers = [index for index, op in enumerate(block.ops) if value in op.output_arg_names]
    return makers[-1] + 1 if makers else 0


def note_shape(block: Any, value: str) -> str:
    """Have a value's shape noted; returns the variable that holds it."""
    made = new_variable(block, f"{value}@shape", dtype="int32")
    insert(block, behind(block, value), "shape", {"Input": [value]}, {"Out": [made]})
    return str(made.name)


def new_variable(block: Any, name: str, **declared: Any) -> Any:
    """Create a variable, whose name is longer where the model has one of this name."""
    while block.has_var(name):
        name += "@"
    return block.create_var(name=name, **declared)


def insert(
    block: Any,
    index: int,
    kind: str,
    inputs: Mapping[str, list[Any]],
    outputs: Mapping[str, list[Any]],
    **attributes: Any,
) -> None:
    """Insert an operator; nothing but Python may have changed the block since it was made.

    Paddle's `_insert_op` compares all operators and variables with those of C++ each time.
    """
    ends: Any = {"inputs": dict(inputs), "outputs": dict(outputs)}
    block._insert_op_without_sync(index, type=kind, attrs=attributes, **ends)  # noqa: SLF001  # no public way
