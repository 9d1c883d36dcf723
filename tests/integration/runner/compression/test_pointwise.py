"""Which convolutions can be reconstructed, and what can be added to their outputs."""

from typing import Any

import paddle
import pytest

from segcompress_runner.compression.pointwise import Pointwise, pointwise_layers
from segcompress_runner.compression.static_graph import static_mode

CHANNELS = 4


@pytest.fixture(scope="module")
def net() -> Any:
    """Return a program: 1x1 convolutions, one with groups, and one of 3x3."""
    with static_mode(), paddle.utils.unique_name.guard():
        program = paddle.static.Program()
        with paddle.static.program_guard(program, paddle.static.Program()):
            picture = paddle.static.data("x", [-1, CHANNELS, 6, 6], "float32")
            normed = paddle.static.nn.conv2d(picture, 8, 1, bias_attr=False)
            normed = paddle.static.nn.batch_norm(normed, is_test=True)
            strided = paddle.static.nn.conv2d(normed, 8, 1, stride=2)
            grouped = paddle.static.nn.conv2d(strided, 8, 1, groups=2, bias_attr=False)
            paddle.static.nn.conv2d(grouped, 8, 3, bias_attr=False)
        yield program


def layers_of(program: Any) -> tuple[Pointwise, ...]:
    return tuple(pointwise_layers(program, [param.name for param in program.all_parameters()]))


def test_convolutions_1x1_without_groups_are_found_and_what_shifts_their_outputs(net: Any) -> None:
    first, second = layers_of(net)
    assert (first.input, first.shift, first.strides) == ("x", ("batch_norm_0.w_1", -1), (1, 1))
    assert (second.shift, second.strides) == (("conv2d_1.b_0", 1), (2, 2))


def test_a_layer_that_is_not_named_is_not_found(net: Any) -> None:
    assert [layer.weight for layer in pointwise_layers(net, ["conv2d_1.w_0"])] == ["conv2d_1.w_0"]


def test_a_layer_whose_channels_come_last_is_not_found() -> None:
    with static_mode(), paddle.utils.unique_name.guard():
        program = paddle.static.Program()
        with paddle.static.program_guard(program, paddle.static.Program()):
            picture = paddle.static.data("x", [-1, 6, 6, CHANNELS], "float32")
            paddle.static.nn.conv2d(picture, 8, 1, data_format="NHWC")
    assert layers_of(program) == ()


def test_a_layer_whose_input_is_a_weight_or_is_overwritten_is_not_found() -> None:
    with static_mode(), paddle.utils.unique_name.guard():
        program = paddle.static.Program()
        with paddle.static.program_guard(program, paddle.static.Program()):
            picture = paddle.static.data("x", [-1, CHANNELS, 6, 6], "float32")
            weight = paddle.static.create_parameter([1, CHANNELS, 6, 6], "float32")
            paddle.static.nn.conv2d(weight, 8, 1)
            seen = paddle.static.nn.conv2d(picture, 8, 1)
            paddle.static.nn.conv2d(seen, 8, 1)
            paddle.assign(seen * 2, output=seen)
    assert [layer.input for layer in layers_of(program)] == ["x"]


@pytest.mark.parametrize(
    ("shape", "axis", "shifts"),
    [
        pytest.param([8], 1, True, id="bias"),
        pytest.param([1, 8, 1, 1], -1, True, id="bias with all axes"),
        pytest.param([8], -1, False, id="a value for each column"),
        pytest.param([1], -1, False, id="one value"),
        pytest.param([1, 8, 6, 8], -1, False, id="a value for each pixel"),
    ],
)
def test_a_parameter_shifts_outputs_if_it_has_a_value_for_each_channel(
    shape: list[int], axis: int, *, shifts: bool
) -> None:
    with static_mode(), paddle.utils.unique_name.guard():
        program = paddle.static.Program()
        with paddle.static.program_guard(program, paddle.static.Program()):
            block = program.global_block()
            picture = paddle.static.data("x", [-1, CHANNELS, 6, 8], "float32")
            output = paddle.static.nn.conv2d(picture, 8, 1, bias_attr=False)
            added = paddle.static.create_parameter(shape, "float32", name="added")
            total = block.create_var(name="total", dtype="float32")
            sides = {"X": output, "Y": added}
            block.append_op(
                type="elementwise_add", inputs=sides, outputs={"Out": total}, attrs={"axis": axis}
            )
    (layer,) = layers_of(program)
    assert layer.shift == (("added", 1) if shifts else None)


def test_a_bias_that_two_layers_share_shifts_neither() -> None:
    with static_mode(), paddle.utils.unique_name.guard():
        program = paddle.static.Program()
        with paddle.static.program_guard(program, paddle.static.Program()):
            picture = paddle.static.data("x", [-1, CHANNELS, 6, 8], "float32")
            bias = paddle.ParamAttr(name="shared")
            for _ in range(2):
                paddle.static.nn.conv2d(picture, 8, 1, bias_attr=bias)
    assert [layer.shift for layer in layers_of(program)] == [None, None]
