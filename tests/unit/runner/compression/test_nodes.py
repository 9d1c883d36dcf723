"""A node that is not in the graph is refused with the nearest that are."""

import pytest

from segcompress_api.act_settings import ActSettings, DistillationSettings, QuantSettings, TrainSettings
from segcompress_api.strategy import QuantAware
from segcompress_runner.compression.nodes import check_nodes
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.model import ModelInfo

INFO = ModelInfo(
    "x",
    (-1, 3, 192, 192),
    "softmax_0.tmp_0",
    (-1, 2, 192, 192),
    frozenset({"x", "relu_3.tmp_0", "relu_30.tmp_0", "conv2d_1.tmp_0", "softmax_0.tmp_0"}),
)


def settings(*nodes: str) -> ActSettings:
    train = TrainSettings(None, 10, 10, 10, 0.1, {"optimizer": {"type": "SGD"}}, None)
    groups = (nodes,) if nodes else ()
    return ActSettings(
        DistillationSettings(groups, ("l2",), (1.0,)), (QuantSettings(QuantAware()),), train, ()
    )


def test_known_nodes_and_none_pass() -> None:
    check_nodes(INFO, settings("relu_30.tmp_0", "conv2d_1.tmp_0"))
    check_nodes(INFO, settings())


def test_a_wrong_node_is_named_with_its_field_and_near_ones() -> None:
    with pytest.raises(InvalidSettingError) as error:
        check_nodes(INFO, settings("relu_30.tmp_0", "relu_30.tmp_1"))
    assert str(error.value) == (
        "spec.strategy.Distillation.node: relu_30.tmp_1 is no variable of the model; "
        "did you mean relu_30.tmp_0 or relu_3.tmp_0?"
    )


def test_where_nothing_is_near_the_way_out_is_named() -> None:
    with pytest.raises(InvalidSettingError, match="leave node out"):
        check_nodes(INFO, settings("zzzzzzzz"))


def test_the_models_input_is_no_node() -> None:
    with pytest.raises(InvalidSettingError, match="is the model's input"):
        check_nodes(INFO, settings("x"))
