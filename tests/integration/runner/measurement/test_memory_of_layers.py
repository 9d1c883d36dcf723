"""What a model's layers compute of a batch, counted without running it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import paddle
import pytest

from integration.runner.measurement.tiny import Shape, tiny_model
from segcompress_runner.compression.static_graph import static_mode
from segcompress_runner.inputs.memory import activation_bytes
from segcompress_runner.inputs.model import ModelFiles

FLOAT, HEIGHT, WIDTH = 4, 64, 96


def saved(folder: Path, layers: Callable[[Any], Any]) -> ModelFiles:
    """Save a model of these layers for pictures of HEIGHT x WIDTH."""
    with static_mode(), paddle.static.scope_guard(paddle.static.Scope()):
        x = paddle.static.data("x", [-1, 3, HEIGHT, WIDTH], "float32")
        y = layers(x)
        executor = paddle.static.Executor(paddle.CPUPlace())
        executor.run(paddle.static.default_startup_program())
        paddle.static.save_inference_model(str(folder / "model"), [x], [y], executor)
    return ModelFiles(folder / "model.pdmodel", folder / "model.pdiparams")


@pytest.mark.parametrize("batch", [1, 3])
def test_models_of_free_and_of_fixed_size_take_the_same(tmp_path: Path, batch: int) -> None:
    fixed = tiny_model(tmp_path / "fixed", Shape(is_tripled=True, size=(HEIGHT, WIDTH)))
    free = tiny_model(tmp_path / "free", Shape(is_tripled=True, size=(-1, -1)))
    bytes_of_fixed = activation_bytes(fixed, batch)
    assert activation_bytes(free, batch, (HEIGHT, WIDTH)) == bytes_of_fixed
    assert bytes_of_fixed is not None
    assert bytes_of_fixed > FLOAT * batch * (3 + 8 // 4) * HEIGHT * WIDTH  # its input and its first layer


def test_picture_of_a_fixed_batch_takes_its_share(tmp_path: Path) -> None:
    free, four = (tiny_model(tmp_path / str(size), Shape(batch=size)) for size in (-1, 4))
    for batch in (1, 8):
        assert activation_bytes(four, batch) == pytest.approx(activation_bytes(free, batch), rel=1e-3)


def test_size_that_nobody_says_is_unknown(tmp_path: Path) -> None:
    assert activation_bytes(tiny_model(tmp_path, Shape(is_tripled=True, size=(-1, -1))), 1) is None


def test_upsampling_to_a_computed_size_leaves_the_other_layers_known(tmp_path: Path) -> None:
    """As PaddleSeg's networks do it, whatever size they are exported for."""

    def layers(x: Any) -> Any:
        y = paddle.static.nn.conv2d(x, 8, 3, stride=2, padding=1, bias_attr=False)
        return paddle.nn.functional.interpolate(y, size=paddle.shape(x)[2:], mode="bilinear")

    convolution = FLOAT * 8 * (HEIGHT // 2) * (WIDTH // 2)
    counted = activation_bytes(saved(tmp_path, layers), 1)
    assert counted is not None
    assert counted >= convolution + FLOAT * 3 * HEIGHT * WIDTH
