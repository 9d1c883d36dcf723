"""Links between the nodes of Paddle's graphs, made in constant time.

Before each link Paddle 2.6.2 asserts that its nodes are in the graph, by making a set of all nodes: the
quantisation passes, which link thousands, took ten minutes for networks such as PP-MobileSeg and HRNet.
Source: paddle/base/framework.py, class IrGraph.
"""

from typing import Any

from paddle.base.framework import IrGraph


def speed_up_links() -> None:
    """Let every graph of this process make links without the assertions."""
    IrGraph.link_to = _link_to
    IrGraph.update_input_link = _update_input_link
    IrGraph.update_output_link = _update_output_link


def _link_to(_: Any, node_in: Any, node_out: Any) -> None:
    node_in.append_output(node_out)
    node_out.append_input(node_in)


def _update_input_link(_: Any, old_input_node: Any, new_input_node: Any, op_node: Any) -> None:
    old_input_node.remove_output(op_node)
    op_node.remove_input(old_input_node)
    new_input_node.append_output(op_node)
    op_node.append_input(new_input_node)
    op_node.rename_input(old_input_node.name(), new_input_node.name())


def _update_output_link(_: Any, old_output_node: Any, new_output_node: Any, op_node: Any) -> None:
    old_output_node.remove_input(op_node)
    op_node.remove_output(old_output_node)
    new_output_node.append_input(op_node)
    op_node.append_output(new_output_node)
    op_node.rename_output(old_output_node.name(), new_output_node.name())
