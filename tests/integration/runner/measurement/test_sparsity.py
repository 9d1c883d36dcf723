from pathlib import Path

import numpy as np
import paddle
import pytest
from numpy.typing import NDArray
from paddleslim.common.recover_program import recover_inference_program
from paddleslim.prune.unstructured_pruner import UnstructuredPruner

from integration.runner.measurement.tiny import tiny_model
from segcompress_api.act_settings import SparsityTarget
from segcompress_runner.compression.static_graph import static_mode
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.sparsity import measure_sparsity

ONLY_1X1 = SparsityTarget(0.5, only_1x1=True)
EVERY = SparsityTarget(0.5, only_1x1=False)


def upstreams_layers(model: ModelFiles, prune_params_type: str | None) -> set[str]:
    """Return the parameters that upstream's pruner would prune in the program that it trains."""
    with static_mode(), paddle.static.scope_guard(paddle.static.Scope()):
        program, _, _ = paddle.static.load_inference_model(
            str(model.program.with_suffix("")), paddle.static.Executor(paddle.CPUPlace())
        )
        program = recover_inference_program(program, paddle.static.Program())
        pruner = UnstructuredPruner(
            program, mode="ratio", ratio=0.5, place=paddle.CPUPlace(), prune_params_type=prune_params_type
        )
        names = {parameter.name for parameter in program.all_parameters()}
        return {name for name in names if pruner._should_prune_param(name)}


@pytest.mark.parametrize("only_1x1", [True, False])
def test_the_layers_that_count_are_those_that_upstream_prunes(model: ModelFiles, only_1x1: bool) -> None:  # noqa: FBT001
    sparsity = measure_sparsity(model, SparsityTarget(0.5, only_1x1))
    counted = {layer.name for layer in sparsity.layers if layer.pruned}
    assert counted == upstreams_layers(model, "conv1x1_only" if only_1x1 else None)
    assert len(counted) == (2 if only_1x1 else 4)


def test_zeros_are_counted_in_the_saved_file(tmp_path: Path) -> None:
    """The 1x1 layers hold 8 * 16 + 16 * 4 = 192 weights; 96 of the first 128 are cleared."""

    def clear(value: NDArray[np.float32]) -> NDArray[np.float32]:
        value = np.ones_like(value)
        if value.shape == (16, 8, 1, 1):
            value[:12] = 0
        return value

    model = tiny_model(tmp_path, change=clear)
    sparsity = measure_sparsity(model, ONLY_1X1)
    assert sparsity.pruned_layers == 1 - 96 / 192
    (layer,) = (layer for layer in sparsity.layers if layer.shape == (16, 8, 1, 1))
    assert layer.zeros == 0.75
    every = measure_sparsity(model, EVERY)
    assert every.pruned_layers == pytest.approx(96 / (192 + 8 * 27 + 8 * 9))
    assert every.whole_model == sparsity.whole_model > 96 / 700


def test_zeros_outside_whole_blocks_do_not_count(tmp_path: Path) -> None:
    """Of 12 cleared output channels, those at odd inputs have one weight left in each block of four."""

    def clear(value: NDArray[np.float32]) -> NDArray[np.float32]:
        value = np.ones_like(value)
        if value.shape == (16, 8, 1, 1):
            value[:12] = 0
            value[::4, 1::2] = 1
        return value

    model = tiny_model(tmp_path, change=clear)
    single, blocks = (
        measure_sparsity(model, SparsityTarget(0.5, only_1x1=True, pattern=pattern))
        for pattern in ("1x1", "4x1")
    )
    assert single.pruned_layers == pytest.approx((48 + 36) / 192)
    assert blocks.pruned_layers == pytest.approx(48 / 192)


def test_of_a_quantised_model_the_codes_count_and_no_scale(model: ModelFiles, quantised: ModelFiles) -> None:
    dense, codes = (measure_sparsity(one, EVERY) for one in (model, quantised))
    assert [(one.name, one.shape, one.pruned) for one in codes.layers] == [
        (one.name, one.shape, one.pruned) for one in dense.layers
    ]
    assert 0 < codes.pruned_layers < 0.05  # small weights become the code zero


def test_reading_leaves_paddles_state_alone(model: ModelFiles) -> None:
    measure_sparsity(model, ONLY_1X1)
    assert paddle.in_dynamic_mode()
    assert paddle.static.global_scope().find_var("conv2d_0.w_0") is None
