"""Nodes of Paddle's graphs found by their names, without a walk through the graph for each.

Two passes ask for a node for each output of each operator, and Paddle 2.6.2 makes a set of all nodes of the
graph for each question: minutes, and gigabytes, for networks such as HRNet. While such a pass runs, its graph
answers from a dictionary of the nodes that were there before and of those that the pass makes.
Source: paddle/static/quantization/quantization_pass.py, paddle/base/framework.py (class IrGraph).
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from paddle.base.framework import IrGraph
from paddle.static.quantization import AddQuantDequantForInferencePass, OutScaleForTrainingPass

Apply = Callable[[Any, Any], Any]
_find = IrGraph._find_node_by_name  # noqa: SLF001 - Paddle's passes call it


class _ByName(dict[str, Any]):
    """Nodes by their names, in the place of a set of nodes."""


def speed_up_lookups() -> None:
    """Let the passes look up nodes in a dictionary."""
    IrGraph._find_node_by_name = _find_node  # noqa: SLF001 - the same
    OutScaleForTrainingPass.apply = _indexed(OutScaleForTrainingPass.apply, "all_var_nodes")
    AddQuantDequantForInferencePass.apply = _indexed(
        AddQuantDequantForInferencePass.apply, "all_persistable_nodes"
    )


def _indexed(apply: Apply, nodes: str) -> Apply:
    """Return a pass's `apply` during which the method `nodes` of its graph returns a dictionary."""

    @wraps(apply)
    def indexed(self: Any, graph: Any) -> Any:
        with _index(graph, nodes):
            return apply(self, graph)

    return indexed


@contextmanager
def _index(graph: Any, nodes: str) -> Iterator[None]:
    known = _ByName((node.name(), node) for node in getattr(graph, nodes)())
    create = graph.create_persistable_node

    def created(*arguments: Any, **named: Any) -> Any:
        node = create(*arguments, **named)
        known[node.name()] = node
        return node

    setattr(graph, nodes, lambda: known)
    graph.create_persistable_node = created
    try:
        yield
    finally:
        delattr(graph, nodes)
        del graph.create_persistable_node


def _find_node(self: Any, nodes: Iterable[Any], name: str) -> Any:
    if not isinstance(nodes, _ByName):
        return _find(self, nodes, name)
    # As Paddle says that there is none: the pass then makes the node.
    assert name in nodes, f"Cannot find the target node ({name}) in the giving set."  # noqa: S101
    return nodes[name]
