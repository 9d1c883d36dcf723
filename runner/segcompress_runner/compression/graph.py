"""An inference graph as operators with names: which of them a variable depends on, and which lie behind it.

Pure, but for `load` and `operators`, which read Paddle's programs.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from segcompress_runner.inputs.model import ModelFiles

_NO_LAYERS = ("feed", "fetch")
_MAIN_OUTPUTS = ("Output", "Out", "Y")

FORWARD, BACKWARD = {"op_role": 0}, {"op_role": 1}
"""Attributes of an operator of the forward and of the backward pass (framework/op_proto_maker.h)."""


@dataclass(frozen=True)
class Operator:
    """One operator: Paddle's name for its type, its name scope, and the variables that it reads and writes.

    `output` is the variable that the next layer reads: what can be distilled.
    """

    kind: str
    scope: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    output: str


@dataclass(frozen=True)
class Loaded:
    """A program whose weights are in the scope that was current, and its one input and output."""

    program: Any
    feed: str
    fetch: str


def load(files: ModelFiles, executor: Any) -> Loaded:
    """Load a model into the current scope."""
    import paddle

    program = paddle.static.deserialize_program(files.program.read_bytes())
    paddle.static.deserialize_persistables(program, files.params.read_bytes(), executor)
    feed, fetch = program.desc.get_feed_target_names(), program.desc.get_fetch_target_names()
    return Loaded(program, feed[0], fetch[0])


def operators(program: Any) -> tuple[Operator, ...]:
    """Return the operators of a program's main block, in the order of their computation."""
    return tuple(_read(op) for op in program.global_block().ops if op.type not in _NO_LAYERS)


def _read(op: Any) -> Operator:
    slot = next((name for name in _MAIN_OUTPUTS if name in op.output_names), None)
    outputs = tuple(op.output_arg_names)
    main = op.output(slot)[0] if slot is not None else outputs[0]
    scope = str(op.attr("op_namescope")) if op.has_attr("op_namescope") else ""
    return Operator(op.type, scope, tuple(op.input_arg_names), outputs, main)


def needed(graph: Sequence[Operator], names: Iterable[str]) -> frozenset[Operator]:
    """Return the operators that the variables `names` depend on."""
    wanted, found = set(names), set()
    for operator in reversed(graph):
        if not wanted.isdisjoint(operator.outputs):
            found.add(operator)
            wanted.update(operator.inputs)
    return frozenset(found)


def last_outputs(graph: Sequence[Operator], among: Collection[Operator]) -> tuple[str, ...]:
    """Return the outputs of those operators `among` which no other of them comes after."""
    reached: set[str] = set()
    last = []
    for operator in reversed(graph):
        leads_on = not reached.isdisjoint(operator.outputs)
        if operator in among and not leads_on:
            last.append(operator.output)
        if operator in among or leads_on:
            reached.update(operator.inputs)
    return tuple(reversed(last))
