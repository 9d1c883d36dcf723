"""Passes of Paddle find nodes by name: once listed, in a dictionary that knows what the pass makes."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from segcompress_runner.compression import lookups


@dataclass(frozen=True)
class Node:
    called: str

    def name(self) -> str:
        return self.called


@dataclass
class Graph:
    """A graph that counts how often its nodes are listed."""

    nodes: list[Node]
    listed: int = 0
    made: list[str] = field(default_factory=list)

    def all_var_nodes(self) -> list[Node]:
        self.listed += 1
        return self.nodes

    def create_persistable_node(self, name: str) -> Node:
        self.made.append(name)
        return Node(name)


def find_or_make(graph: Any, name: str) -> Any:
    try:
        return lookups._find_node(graph, graph.all_var_nodes(), name)
    except AssertionError:
        return graph.create_persistable_node(name=name)


def test_nodes_are_listed_once_and_those_that_are_made_are_found() -> None:
    graph = Graph([Node("a"), Node("b")])

    def apply(_: Any, graph: Any) -> list[str]:
        return [find_or_make(graph, name).name() for name in ("a", "c", "b", "c")]

    assert lookups._indexed(apply, "all_var_nodes")(None, graph) == ["a", "c", "b", "c"]
    assert (graph.listed, graph.made) == (1, ["c"])


def test_the_graph_is_as_it_was_once_the_pass_has_ended_or_failed() -> None:
    graph = Graph([Node("a")])

    def fail(_: Any, graph: Any) -> None:
        raise ValueError(graph.all_var_nodes()["a"])

    with pytest.raises(ValueError, match="called='a'"):
        lookups._indexed(fail, "all_var_nodes")(None, graph)
    assert graph.all_var_nodes() == [Node("a")]
    assert vars(graph).keys() == {"nodes", "listed", "made"}
