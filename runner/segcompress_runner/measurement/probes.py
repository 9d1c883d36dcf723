"""Operators among those of a program, which look at a value as soon as it is there."""

from typing import Any


def behind(block: Any, value: str) -> int:
    """Return the place in a block's operators at which a variable has its value."""
    makers = [index for index, op in enumerate(block.ops) if value in op.output_arg_names]
    return makers[-1] + 1 if makers else 0


def note_shape(block: Any, value: str) -> str:
    """Have a value's shape noted; returns the variable that holds it."""
    made = block.create_var(name=f"{value}@shape", dtype="int32")
    ends: Any = {"inputs": {"Input": [value]}, "outputs": {"Out": [made]}}
    block._insert_op(behind(block, value), type="shape", **ends)  # noqa: SLF001  # no public way
    return str(made.name)
