"""Which convolutions can be reconstructed, and what their inputs are on pictures."""

from typing import Any

import numpy as np
import paddle
import pytest

from segcompress_runner.compression.pointwise import Looking, Pointwise, pointwise_layers
from segcompress_runner.compression.static_graph import static_mode

CHANNELS = 4


@pytest.fixture(scope="module")
def net() -> Any:
    """Return a program, its scope and executor: 1x1 convolutions, one with groups, and one of 3x3."""
    with static_mode(), paddle.static.scope_guard(paddle.static.Scope()), paddle.utils.unique_name.guard():
        program, startup = paddle.static.Program(), paddle.static.Program()
        with paddle.static.program_guard(program, startup):
            picture = paddle.static.data("x", [-1, CHANNELS, 6, 6], "float32")
            normed = paddle.static.nn.conv2d(picture, 8, 1, bias_attr=False)
            normed = paddle.static.nn.batch_norm(normed, is_test=True)
            strided = paddle.static.nn.conv2d(normed, 8, 1, stride=2)
            grouped = paddle.static.nn.conv2d(strided, 8, 1, groups=2, bias_attr=False)
            paddle.static.nn.conv2d(grouped, 8, 3, bias_attr=False)
        executor = paddle.static.Executor(paddle.CPUPlace())
        executor.run(startup)
        yield program, paddle.static.global_scope(), executor


def layers_of(program: Any) -> tuple[Pointwise, ...]:
    return tuple(pointwise_layers(program, [param.name for param in program.all_parameters()]))


def test_convolutions_1x1_without_groups_are_found_and_what_shifts_their_outputs(net: Any) -> None:
    program, *_ = net
    first, second = layers_of(program)
    assert (first.input, first.shift, first.strides) == ("x", ("batch_norm_0.w_1", -1), (1, 1))
    assert (second.shift, second.strides) == (("conv2d_1.b_0", 1), (2, 2))


def test_a_layer_that_is_not_named_is_not_found(net: Any) -> None:
    program, *_ = net
    assert [layer.weight for layer in pointwise_layers(program, ["conv2d_1.w_0"])] == ["conv2d_1.w_0"]


def test_inputs_are_those_at_the_pixels_that_a_layer_reads(net: Any) -> None:
    program, scope, executor = net
    first = Pointwise("conv2d_0.w_0", "x", (1, 1), None)
    strided = Pointwise("conv2d_0.w_0", "x", (2, 2), None)
    picture = np.random.default_rng(0).normal(size=(2, CHANNELS, 6, 6)).astype(np.float32)
    looking = Looking(program, "x", scope, executor, [picture])
    every, some = (looking.inputs([layer])["conv2d_0.w_0"] for layer in (first, strided))
    assert sorted(every[:36, 0]) == pytest.approx(sorted(picture[0, 0].ravel()))
    assert sorted(some[:9, 1]) == pytest.approx(sorted(picture[0, 1, ::2, ::2].ravel()))
    assert len(some) == 18


def test_samples_are_kept_as_the_model_computes_them(net: Any) -> None:
    program, scope, executor = net
    looking = Looking(program, "x", scope, executor, [np.zeros((1, CHANNELS, 6, 6), np.float32)])
    assert {samples.dtype.name for samples in looking.inputs(layers_of(program)).values()} == {"float32"}


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
