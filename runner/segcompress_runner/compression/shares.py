"""Compute a batch in equal shares, one for each core: most of Paddle's kernels for CPUs use one thread.

A program is rewritten so that every operator on pictures stands in it once for each share, with the same
weights. Paddle's executor computes operators that do not depend on one another at the same time; gradients
of the shares are summed in the program's order, so that two runs give the same bytes. Shares give what the
whole batch gives, but for rounding: no operator of these models mixes pictures, or it is found here.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

_MOST = 4
"""Threads of Paddle 2.6.2's executor (kHostNumThreads in new_executor/interpreter/execution_config.cc)."""

_FROZEN = ("is_test", "use_global_stats")
"""Attributes by which an operator only reads the statistics that it names among its outputs."""


_SHARE = re.compile(r"\.share\d+$")


def whole_name(name: str) -> str:
    """Return the variable that `name` is a share of; `name` itself where it is none."""
    return _SHARE.sub("", name)


def share_count(threads: int, batch_size: int) -> int:
    """Return in how many shares to compute a batch on so many threads; 1 where it cannot be divided."""
    return max(count for count in range(1, min(threads, _MOST) + 1) if batch_size % count == 0)


def in_shares(program: Any, feed: str, wanted: Iterable[str], count: int) -> bool:
    """Let `program` compute the variables `wanted` of the pictures `feed` in `count` shares.

    It must be a forward program without feed and fetch operators. It stays as it is, and False is returned,
    where an operator must see the whole batch.
    """
    if count == 1:
        return False
    block = program.global_block()
    weights = {var.name for var in program.list_vars() if var.persistable}
    operators, pictures = _on_pictures(block, feed, weights)
    if any(_needs_whole_batch(op, weights) for _, op in operators):
        return False
    for name in pictures:
        _declare(block, name, count)
    shares = [_share(feed, number) for number in range(count)]
    split = {"num": count, "axis": 0}
    block.append_op(type="split", inputs={"X": [feed]}, outputs={"Out": shares}, attrs=split)
    for _, op in operators:
        for number in range(count):
            _append_copy(block, op, pictures, number)
    block._sync_with_cpp()  # noqa: SLF001  # no public way
    for index, _ in reversed(operators):
        block._remove_op(index)  # noqa: SLF001  # no public way
    for name in wanted:
        shares = [_share(name, number) for number in range(count)]
        block.append_op(type="concat", inputs={"X": shares}, outputs={"Out": [name]}, attrs={"axis": 0})
    return True


def _on_pictures(
    block: Any, feed: str, weights: Collection[str]
) -> tuple[Sequence[tuple[int, Any]], AbstractSet[str]]:
    """Return the operators that depend on the pictures, each with its index, and the variables that do."""
    pictures, operators = {feed: None}, []
    for index, op in enumerate(block.ops):
        if not pictures.keys().isdisjoint(op.input_arg_names):
            operators.append((index, op))
            pictures.update(dict.fromkeys(name for name in op.output_arg_names if name not in weights))
    return operators, pictures.keys()


def _needs_whole_batch(op: Any, weights: Collection[str]) -> bool:
    """Return whether an operator keeps something of the batch (a running mean, a scale), or holds others."""
    keeps = any(name in weights for name in op.output_arg_names)
    frozen = any(op.has_attr(name) and op.attr(name) for name in _FROZEN)
    return (keeps and not frozen) or op.has_attr("sub_block")


def _declare(block: Any, name: str, count: int) -> None:
    """Declare each share of a variable, as the variable is declared."""
    whole = block.var(name)
    for number in range(count):
        share = block.create_var(
            name=_share(name, number), shape=whole.shape, dtype=whole.dtype, type=whole.type
        )
        share.stop_gradient = whole.stop_gradient


def _append_copy(block: Any, op: Any, pictures: AbstractSet[str], number: int) -> None:
    """Append an operator once more, for one share."""
    copy = block.desc.append_op()
    copy.copy_from(op.desc)
    for name in pictures & set(op.input_arg_names):
        copy._rename_input(name, _share(name, number))  # noqa: SLF001  # no public way
    for name in pictures & set(op.output_arg_names):
        copy._rename_output(name, _share(name, number))  # noqa: SLF001  # no public way


def _share(name: str, number: int) -> str:
    return f"{name}.share{number}"
