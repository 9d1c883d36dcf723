"""Channels are gone from graph and weights; the model computes what it would with those channels at zero."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import paddle
import pytest

from integration.runner import exported
from integration.runner.compression.conftest import Compress, Lab, Listener
from integration.runner.compression.strategies import quantised, train_config
from segcompress_api.act_settings import ChannelSettings
from segcompress_runner.compression.channels.choice import choose
from segcompress_runner.compression.final_layers import final_outputs
from segcompress_runner.compression.graph import load
from segcompress_runner.compression.static_graph import static_mode
from segcompress_runner.compression.steps import channel_prune
from segcompress_runner.compression.steps.step import Graphs
from segcompress_runner.compression.student import trainable
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.model import ModelFiles, inspect_model
from segcompress_runner.measurement.macs import count_macs
from segcompress_runner.outputs.onnx_export import export_onnx

PICTURES = np.random.default_rng(0).normal(size=(2, 3, 64, 64)).astype(np.float32)
FIELD = "spec.strategy.ChannelPrune.prune_params_name"


def narrower(ratio: Any = 0.5, *names: str, **changes: Any) -> dict[str, Any]:
    section = {"pruned_ratio": ratio, "prune_params_name": list(names), **changes}
    return {"ChannelPrune": section, "TrainConfig": train_config(6)}


def shapes(files: ModelFiles) -> dict[str, list[int]]:
    with static_mode(), paddle.static.scope_guard(paddle.static.Scope()):
        program = load(files, paddle.static.Executor(paddle.CPUPlace())).program
        return {var.name: list(var.shape) for var in program.list_vars() if var.name.startswith("conv2d_")}


def predicted(files: ModelFiles, pictures: Any) -> Any:
    with static_mode(), paddle.static.scope_guard(paddle.static.Scope()):
        executor = paddle.static.Executor(paddle.CPUPlace())
        loaded = load(files, executor)
        (output,) = executor.run(loaded.program, feed={loaded.feed: pictures}, fetch_list=[loaded.fetch])
        return output


def test_every_layer_but_the_last_is_narrower_and_the_model_runs_everywhere(
    run: Compress, lab: Lab, tmp_path: Path
) -> None:
    listener = Listener()
    done = run(narrower(), progress=listener)
    made = shapes(done.files)
    weights = {name: shape for name, shape in made.items() if name.endswith(".w_0")}
    assert sorted(map(tuple, weights.values())) == sorted(
        [(12, 3, 3, 3), (12, 1, 3, 3), (24, 12, 1, 1), (16, 24, 1, 1), (2, 16, 1, 1)]
    )
    assert inspect_model(done.files).output_shape == lab.info.output_shape
    assert done.files.params.stat().st_size < 0.5 * lab.model.params.stat().st_size
    before, after = (count_macs(files, 32, 32) for files in (lab.model, done.files))
    assert before == 256 * (24 * 27 + 24 * 9 + 24 * 48 + 48 * 32 + 32 * 2)
    assert after == 256 * (12 * 27 + 12 * 9 + 12 * 24 + 24 * 16 + 16 * 2)
    assert listener.notes[0].startswith("3 of 4 convolutions have fewer outputs; kept as they are: conv2d_")
    session = onnxruntime.InferenceSession(str(export_onnx(done.files, tmp_path / "model.onnx")))
    pictures = PICTURES[:, :, :32, :32]
    (output,) = session.run(None, {session.get_inputs()[0].name: pictures})
    assert np.abs(output - predicted(done.files, pictures)).max() < 1e-4


@pytest.mark.parametrize("criterion", ["geometry_median", "bn_scale"])
def test_the_named_layers_alone_lose_their_own_shares(run: Compress, lab: Lab, criterion: str) -> None:
    first, _, third, *_ = sorted(name for name in shapes(lab.model) if name.endswith(".w_0"))
    made = shapes(run(narrower([0.25, 0.5], first, third, criterion=criterion)).files)
    assert (made[first][0], made[third][:2]) == (18, [24, 18])


def test_layers_that_cannot_lose_channels_are_refused_by_name(run: Compress, lab: Lab) -> None:
    *_, last = names = sorted(name for name in shapes(lab.model) if name.endswith(".w_0"))
    for named, said in (
        ("conv2d_99.w_0", "conv2d_99.w_0 is not a parameter of the model; did you mean conv2d_"),
        (last, f"{last} cannot be pruned: its channels reach bilinear_interp_v2_0.tmp_0, which the operator"),
        (names[1], f"{names[1]} cannot be pruned: it is not a weight of a convolution without groups"),
    ):
        with pytest.raises(InvalidSettingError) as error:
            run(narrower(0.5, named))
        assert str(error.value).startswith(f"{FIELD}: {said}")


def test_a_layer_whose_channels_are_distilled_is_refused_by_name(run: Compress, lab: Lab) -> None:
    third = sorted(name for name in shapes(lab.model) if name.endswith(".w_0"))[2]
    distillation = {"Distillation": {"node": ["relu_1.tmp_0", lab.node]}}
    with pytest.raises(InvalidSettingError) as error:
        run(narrower(0.5, third) | distillation)
    assert str(error.value) == (
        f"{FIELD}: {third} cannot be pruned: its channels reach relu_1.tmp_0, which is distilled "
        "(Distillation.node); leave it out"
    )
    made = shapes(run(narrower() | distillation).files)
    assert made[third][0] == 48


def test_a_criterion_that_a_layer_has_no_figures_for_is_refused(run: Compress, lab: Lab) -> None:
    fourth = sorted(name for name in shapes(lab.model) if name.endswith(".w_0"))[3]
    with pytest.raises(InvalidSettingError, match=f"criterion bn_scale needs a batch norm behind {fourth}"):
        run(narrower(0.5, fourth, criterion="bn_scale"))


@pytest.mark.parametrize("quantising", [quantised(), {"QuantPost": {"batch_nums": 1}}], ids=["QAT", "PTQ"])
def test_what_is_narrower_can_be_quantised_in_the_same_job(run: Compress, quantising: dict[str, Any]) -> None:
    done = run({**quantising, **narrower()})
    outputs = [shape[0] for name, shape in shapes(done.files).items() if name.endswith(".w_0")]
    assert sorted(outputs) == [2, 12, 12, 16, 24]


def test_equal_seeds_give_equal_bytes(run: Compress) -> None:
    first, second = (run(narrower()).files for _ in range(2))
    assert first.params.read_bytes() == second.params.read_bytes()
    assert first.program.read_bytes() == second.program.read_bytes()


@pytest.mark.parametrize(
    ("network", "layers"),
    [
        ("Joined", 5),
        pytest.param("PPHumanSegLite", 16, marks=pytest.mark.large),
        pytest.param("UNet", 18, marks=pytest.mark.large),
        pytest.param("BiSeNetV2", 39, marks=pytest.mark.large),
    ],
)
def test_a_network_without_channels_computes_what_it_does_with_them_at_zero(
    tmp_path: Path, network: str, layers: int
) -> None:
    """Upstream's pruner cuts 10 of UNet's layers, 14 of PP-HumanSeg-Lite's, and fails at BiSeNetV2."""
    exported.main(network, tmp_path, 0, 64, 64)
    files = ModelFiles(tmp_path / "model.pdmodel", tmp_path / "model.pdiparams")
    step = channel_prune.ChannelPrune(ChannelSettings(0.25, (), "l1_norm"))
    with static_mode(), paddle.static.scope_guard(paddle.static.Scope()):
        executor, scope = paddle.static.Executor(paddle.CPUPlace()), paddle.static.global_scope()
        loaded = load(files, executor)
        node = final_outputs(loaded.program)[0]
        inference = loaded.program.clone(for_test=True)
        step.before_loss(Graphs(trainable(loaded.program), inference, scope, (node,)), executor)
        (cut,) = executor.run(inference, feed={loaded.feed: PICTURES}, fetch_list=[node])
    with static_mode(), paddle.static.scope_guard(paddle.static.Scope()):
        executor, scope = paddle.static.Executor(paddle.CPUPlace()), paddle.static.global_scope()
        loaded = load(files, executor)
        assert clear_channels(loaded.program, scope, node) == layers
        (cleared,) = executor.run(loaded.program, feed={loaded.feed: PICTURES}, fetch_list=[node])
    assert np.abs(cleared).max() > 0
    assert np.abs(cut - cleared).max() <= 1e-5 * np.abs(cleared).max()


def clear_channels(program: Any, scope: Any, node: str) -> int:
    """Let the channels that would go compute zero, and return how many layers make any."""
    marks = channel_prune._marks(program, (node,))
    value = channel_prune._values_in(scope)
    ratios = channel_prune.ChannelPrune(ChannelSettings(0.25, (), "l1_norm"))._ratios(marks, ())
    removed = choose(marks, ratios, lambda weight: channel_prune._CRITERIA["l1_norm"](weight, marks, value))
    statistics = {node.reads(slot) for node in marks.network.nodes for slot in ("Mean", "Variance")}
    for name in set(removed.variables) & marks.network.weights - statistics:
        axis = marks.layers.get(name, (0, ""))[0]
        kept = removed.kept(name).get(axis)
        if kept is not None:
            cleared = np.zeros_like(value(name))
            places = tuple(kept if each == axis else slice(None) for each in range(cleared.ndim))
            cleared[places] = value(name)[places]
            scope.find_var(name).get_tensor().set(cleared, paddle.CPUPlace())
    return len(ratios)
