"""Gradients of depthwise convolutions, gathered: the values that Paddle's own kernel gives."""

from typing import Any

import numpy as np
import paddle
import pytest
from numpy.typing import NDArray

from segcompress_runner.compression.depthwise import gather_gradients
from segcompress_runner.compression.static_graph import static_graph

CHANNELS = 6


def gradients(*, gather: bool, height: int = 9, **convolution: Any) -> tuple[list[NDArray[Any]], int]:
    """Return the gradients of input and filters of a convolution, and how many were rewritten."""
    random = np.random.default_rng(0)
    with static_graph(device="CPU", threads=1, seed=0) as executor:
        program = paddle.static.default_main_program()
        pictures = paddle.static.data("x", [2, CHANNELS, height, 11], "float32")
        pictures.stop_gradient = False
        made = paddle.static.nn.conv2d(
            pictures, **{"num_filters": CHANNELS, "groups": CHANNELS, "use_cudnn": False} | convolution
        )
        loss = paddle.sum(made * made)
        (weights,) = (param for param in program.all_parameters() if len(param.shape) > 1)
        wanted = paddle.static.gradients([loss], [pictures, weights])
        executor.run(paddle.static.default_startup_program())
        count = gather_gradients(program) if gather else 0
        batch = random.normal(size=(2, CHANNELS, height, 11)).astype(np.float32)
        return executor.run(program, feed={"x": batch}, fetch_list=wanted), count


@pytest.mark.parametrize(
    ("convolution", "rewritten"),
    [
        pytest.param({"filter_size": 3, "padding": 1}, 1, id="3x3"),
        pytest.param({"filter_size": 5, "padding": 2}, 1, id="5x5"),
        pytest.param({"filter_size": 3, "padding": 0}, 1, id="without padding"),
        pytest.param({"filter_size": [1, 3], "padding": [0, 1]}, 1, id="a row"),
        pytest.param({"filter_size": 1, "padding": 0}, 1, id="1x1"),
        pytest.param({"filter_size": 3, "padding": 4}, 0, id="more padding than the filter is wide"),
        pytest.param({"filter_size": 3, "padding": 1, "stride": 2}, 0, id="stride 2"),
        pytest.param({"filter_size": 3, "padding": 2, "dilation": 2}, 0, id="dilated"),
        pytest.param({"filter_size": 3, "padding": 1, "num_filters": 2 * CHANNELS}, 0, id="two a channel"),
        pytest.param({"filter_size": 3, "padding": "SAME"}, 0, id="padding left to Paddle"),
    ],
)
def test_gathered_gradients_are_equal_but_for_rounding(convolution: dict[str, Any], rewritten: int) -> None:
    expected, _ = gradients(gather=False, **convolution)
    found, count = gradients(gather=True, **convolution)
    assert count == rewritten
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-4)


def test_other_convolutions_stay_as_they_are() -> None:
    expected, _ = gradients(gather=False, groups=1, filter_size=3, padding=1)
    found, count = gradients(gather=True, groups=1, filter_size=3, padding=1)
    assert count == 0
    assert all(np.array_equal(one, other) for one, other in zip(expected, found, strict=True))
