"""What the inputs of layers are on pictures, and that no more of them is fetched than is kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import paddle
import pytest
from numpy.typing import NDArray

from segcompress_runner.compression.layer_inputs import Looking
from segcompress_runner.compression.pointwise import Pointwise, pointwise_layers
from segcompress_runner.compression.static_graph import static_mode

CHANNELS, SIZE = 4, 40
PICTURES = np.random.default_rng(0).normal(size=(6, CHANNELS, SIZE, SIZE)).astype(np.float32)
BATCHES = (PICTURES[:3], PICTURES[3:])

Array = NDArray[np.float32]


@dataclass
class Net:
    """A program with its weights, and what it was asked to compute."""

    program: Any
    scope: Any
    executor: Any

    def __post_init__(self) -> None:
        self.fetched: list[Array] = []
        self.runs = 0

    @property
    def layers(self) -> tuple[Pointwise, ...]:
        weights = [param.name for param in self.program.all_parameters()]
        return tuple(pointwise_layers(self.program, weights))

    def run(self, *arguments: Any, **more: Any) -> list[Array]:
        """Run as an executor does, and note what was fetched."""
        found: list[Array] = self.executor.run(*arguments, **more)
        self.fetched += found
        self.runs += 1
        return found

    def looking(self, *batches: Array) -> Looking:
        return Looking(self.program, "x", self.scope, self, batches)


@pytest.fixture(scope="module")
def built() -> Iterator[Net]:
    """Return 1x1 convolutions with strides, and one of a size that is computed; all sizes are free."""
    with static_mode(), paddle.static.scope_guard(paddle.static.Scope()), paddle.utils.unique_name.guard():
        program, startup = paddle.static.Program(), paddle.static.Program()
        with paddle.static.program_guard(program, startup):
            picture = paddle.static.data("x", [-1, CHANNELS, -1, -1], "float32")
            first = paddle.static.nn.conv2d(picture, 8, 1, act="relu")
            paddle.static.nn.conv2d(first, 6, 1, stride=[2, 3])
            strided = paddle.static.nn.conv2d(first, 8, 3, stride=2)
            larger = paddle.nn.functional.interpolate(strided, size=paddle.shape(picture)[2:])
            paddle.static.nn.conv2d(larger, 5, 1)
            paddle.static.nn.conv2d(picture, 5, 1, stride=2)
        executor = paddle.static.Executor(paddle.CPUPlace())
        executor.run(startup)
        yield Net(program, paddle.static.global_scope(), executor)


@pytest.fixture
def net(built: Net) -> Net:
    return Net(built.program, built.scope, built.executor)


def whole(net: Net, layer: Pointwise, batch: Array) -> Array:
    """Return all of a layer's input."""
    if layer.input == "x":
        return batch
    found: list[Array] = net.executor.run(
        net.program.clone(for_test=True), {"x": batch}, [layer.input], scope=net.scope
    )
    return found[0]


def picked(values: Array, strides: tuple[int, int]) -> Array:
    """Return what is to be picked of N x C x H x W."""
    read = values[:, :, :: strides[0], :: strides[1]]
    pixels = read.reshape(*read.shape[:2], -1)
    count = pixels.shape[2]
    chosen = np.random.default_rng(0).choice(count, min(count, 128), replace=False)
    samples: Array = np.moveaxis(pixels[:, :, chosen], 1, 2).reshape(-1, read.shape[1])
    return samples


def test_samples_are_bit_for_bit_those_of_the_whole_inputs(net: Net) -> None:
    found = net.looking(*BATCHES).inputs(net.layers)
    assert len(found) == 4
    for layer in net.layers:
        wanted = np.concatenate([picked(whole(net, layer, batch), layer.strides) for batch in BATCHES])
        np.testing.assert_array_equal(found[layer.weight], wanted)
        assert found[layer.weight].dtype == np.float32


def test_a_layer_alone_has_the_samples_that_it_has_among_others(net: Net) -> None:
    looking = net.looking(*BATCHES)
    together = looking.inputs(net.layers)
    for layer in net.layers:
        np.testing.assert_array_equal(looking.inputs([layer])[layer.weight], together[layer.weight])


def test_nothing_is_fetched_but_samples_and_sizes_and_the_model_runs_once_for_all_layers(net: Net) -> None:
    found = net.looking(*BATCHES).inputs(net.layers)
    computed = [found[layer.weight] for layer in net.layers if layer.input != "x"]
    sizes = 4 * len(computed)
    assert sum(values.size for values in net.fetched) == sum(samples.size for samples in computed) + sizes
    assert net.runs == 1 + len(BATCHES)


def test_small_inputs_are_sampled_at_every_pixel_that_a_layer_reads(net: Net) -> None:
    (_, strided, *_) = net.layers
    small = PICTURES[:2, :, :6, :6]
    samples = net.looking(small).inputs([strided])[strided.weight]
    values = whole(net, strided, small)
    assert samples.shape == (2 * 3 * 2, 8)
    assert sorted(samples[:6, 1]) == sorted(values[0, 1, ::2, ::3].ravel())


def test_names_that_the_model_has_already_stay_its_own() -> None:
    """As of a model that was saved with what once looked at it."""
    with static_mode(), paddle.static.scope_guard(paddle.static.Scope()), paddle.utils.unique_name.guard():
        program, startup = paddle.static.Program(), paddle.static.Program()
        with paddle.static.program_guard(program, startup):
            value = paddle.static.data("x", [-1, CHANNELS, -1, -1], "float32")
            for name in ("a", "a@shape", "a@1x1", "a@1x1.picked"):
                made = program.global_block().create_var(name=name, dtype="float32")
                program.global_block().append_op(type="relu", inputs={"X": value}, outputs={"Out": made})
                paddle.static.nn.conv2d(made, 5, 1)
                value = made
        executor = paddle.static.Executor(paddle.CPUPlace())
        executor.run(startup)
        net = Net(program, paddle.static.global_scope(), executor)
        found = net.looking(*BATCHES).inputs(net.layers)
    wanted = np.concatenate([picked(np.maximum(batch, 0), (1, 1)) for batch in BATCHES])
    assert len(found) == 4
    for samples in found.values():
        np.testing.assert_array_equal(samples, wanted)


def test_operators_are_compared_with_those_of_cpp_as_often_for_many_layers_as_for_one(
    net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A comparison takes as long as the model is deep, so that one for each layer is quadratic."""
    compared = []
    block = type(net.program.global_block())
    original = block._sync_with_cpp

    def compare(self: Any) -> None:
        compared.append(self)
        original(self)

    monkeypatch.setattr(block, "_sync_with_cpp", compare)
    counts = []
    for layers in (net.layers[1:2], net.layers):
        compared.clear()
        net.looking(*BATCHES).inputs(layers)
        counts.append(len(compared))
    assert counts[0] == counts[1] > 0
