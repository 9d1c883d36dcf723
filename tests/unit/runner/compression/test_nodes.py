"""A node that cannot be distilled is refused with the one that can."""

import pytest

from segcompress_runner.compression.graph import Operator
from segcompress_runner.compression.nodes import Variable, check_loss, check_names
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.model import ModelInfo

INFO = ModelInfo(
    "x",
    (-1, 3, 192, 192),
    "softmax_0.tmp_0",
    (-1, 2, 192, 192),
    frozenset({"x", "relu_3.tmp_0", "relu_30.tmp_0", "conv2d_1.tmp_0", "softmax_0.tmp_0"}),
)
GRAPH = (
    Operator("relu", "/", ("conv2d_1.tmp_0",), ("relu_30.tmp_0",), "relu_30.tmp_0"),
    Operator("softmax", "/", ("relu_30.tmp_0",), ("softmax_0.tmp_0",), "softmax_0.tmp_0"),
)


def variable(channels: int = 2, *, is_weight: bool = False, is_float: bool = True) -> Variable:
    return Variable((-1, channels, 192, 192), is_weight=is_weight, is_float=is_float)


def test_known_nodes_and_none_pass() -> None:
    check_names(INFO, ("relu_30.tmp_0", "conv2d_1.tmp_0"))
    check_names(INFO, ())


def test_a_wrong_node_is_named_with_its_field_and_near_ones() -> None:
    with pytest.raises(InvalidSettingError) as error:
        check_names(INFO, ("relu_30.tmp_0", "relu_30.tmp_1"))
    assert str(error.value) == (
        "spec.strategy.Distillation.node: relu_30.tmp_1 is not a variable of the model; "
        "did you mean relu_30.tmp_0 or relu_3.tmp_0?"
    )


def test_unknown_nodes_are_told_together() -> None:
    with pytest.raises(InvalidSettingError, match="relu_9 is not a variable of the model, nor is y;"):
        check_names(INFO, ("relu_9", "x", "y"))


def test_where_nothing_is_near_the_way_out_is_named() -> None:
    with pytest.raises(InvalidSettingError, match="leave node out"):
        check_names(INFO, ("zzzzzzzz",))


def test_the_models_input_is_refused() -> None:
    with pytest.raises(InvalidSettingError, match="is the model's input"):
        check_names(INFO, ("x",))


@pytest.mark.parametrize("loss", ["l2", "soft_label", "dkd"])
def test_scores_of_two_classes_pass(loss: str) -> None:
    check_loss("relu_30.tmp_0", variable(), loss, GRAPH)


def test_probabilities_pass_where_values_are_compared_as_they_are() -> None:
    check_loss("softmax_0.tmp_0", variable(), "l2", GRAPH)


@pytest.mark.parametrize("loss", ["soft_label", "dkd", "skd"])
def test_probabilities_are_refused_where_scores_are_due_and_the_scores_are_named(loss: str) -> None:
    with pytest.raises(InvalidSettingError) as error:
        check_loss("softmax_0.tmp_0", variable(19), loss, GRAPH)
    assert str(error.value) == (
        f"spec.strategy.Distillation.node: softmax_0.tmp_0 holds probabilities and the loss {loss} takes "
        "scores; name relu_30.tmp_0, which softmax makes them of, or choose loss l2"
    )


def test_two_classes_say_nothing_by_the_spherical_loss() -> None:
    with pytest.raises(
        InvalidSettingError, match=r"skd compares at least 3 channels and relu_30\.tmp_0 has 2"
    ):
        check_loss("relu_30.tmp_0", variable(), "skd", GRAPH)


def test_class_ids_are_refused() -> None:
    with pytest.raises(InvalidSettingError, match="holds whole numbers, which have no gradient"):
        check_loss("argmax_0.tmp_0", variable(is_float=False), "l2", GRAPH)


def test_a_weight_is_refused() -> None:
    with pytest.raises(InvalidSettingError, match="is a weight; name the output of a layer"):
        check_loss("conv2d_1.w_0", variable(is_weight=True), "l2", GRAPH)
