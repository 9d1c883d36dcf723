"""What is distilled where a strategy names no node is what PaddleSlim's ACT distils."""

from collections.abc import Callable
from typing import Any

import paddle
import pytest
from paddle.nn import functional
from paddle.static import nn

from segcompress_runner.compression.final_layers import final_outputs
from segcompress_runner.compression.static_graph import static_mode


def normed(x: Any) -> Any:
    return nn.batch_norm(nn.conv2d(x, 4, 1, bias_attr=False), is_test=True)


def added(x: Any) -> Any:
    return functional.relu(normed(x) + nn.conv2d(x, 4, 1))


def linear(x: Any) -> Any:
    return nn.fc(paddle.flatten(nn.conv2d(x, 4, 3), 1), 5)


def concatenated(x: Any) -> Any:
    y = functional.relu(normed(x))
    return paddle.concat([y, functional.relu(nn.conv2d(y, 2, 1))], axis=1)


def unread(x: Any) -> Any:
    """Its first convolution has a second reader, which leads nowhere."""
    y = nn.conv2d(x, 4, 1)
    paddle.mean(y)
    return nn.conv2d(functional.relu(y), 2, 1)


@pytest.mark.parametrize("network", [normed, added, linear, concatenated, unread])
def test_final_layers_are_upstream_s(network: Callable[[Any], Any]) -> None:
    from paddleslim.common.patterns import find_final_nodes

    with static_mode(), paddle.static.scope_guard(paddle.static.Scope()):
        x = paddle.static.data("x", [-1, 3, 8, 8], "float32")
        output = functional.softmax(network(x), axis=1)
        program = paddle.static.normalize_program(paddle.static.default_main_program(), [x], [output])
        exported = paddle.static.deserialize_program(
            paddle.static.serialize_program([x], [output], program=program)
        )
        names = tuple(dict.fromkeys(var.name() for var in find_final_nodes(exported)))

        assert final_outputs(exported) == names
        assert names
