"""A network as its channels see it: operators with their slots, shapes, and which variables are weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ATTRIBUTES = ("groups", "axis", "dim", "reduce_all", "keep_dim", "data_format", "data_layout")
"""What the rules ask of an operator."""


@dataclass(frozen=True)
class Node:
    """One operator; slots hold the names of variables."""

    kind: str
    inputs: Mapping[str, tuple[str, ...]]
    outputs: Mapping[str, tuple[str, ...]]
    attributes: Mapping[str, Any]

    def reads(self, slot: str) -> str:
        """Return the one variable in an input slot, "" where there is none."""
        return (*self.inputs.get(slot, ()), "")[0]

    def makes(self, slot: str) -> str:
        """Return the one variable in an output slot, "" where there is none."""
        return (*self.outputs.get(slot, ()), "")[0]


@dataclass(frozen=True)
class Network:
    """`shapes` of all variables, -1 for a free dimension; `kept`: variables that must not change, and why."""

    nodes: tuple[Node, ...]
    shapes: Mapping[str, tuple[int, ...]]
    weights: frozenset[str]
    kept: Mapping[str, str]


def read_network(program: Any, kept: Mapping[str, str]) -> Network:
    """Return a program's main block as a network."""
    block = program.global_block()
    variables = list(block.vars.values())
    return Network(
        nodes=tuple(_node(op) for op in block.ops if op.type != "feed"),
        shapes={var.name: tuple(var.shape) for var in variables if _has_shape(var)},
        weights=frozenset(var.name for var in variables if var.persistable),
        kept=kept,
    )


def _has_shape(var: Any) -> bool:
    return var.name not in ("feed", "fetch")


def _node(op: Any) -> Node:
    return Node(
        kind=op.type,
        inputs={slot: tuple(op.input(slot)) for slot in op.input_names},
        outputs={slot: tuple(op.output(slot)) for slot in op.output_names},
        attributes={name: op.attr(name) for name in ATTRIBUTES if op.has_attr(name)},
    )
