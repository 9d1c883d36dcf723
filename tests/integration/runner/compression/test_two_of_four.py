"""2:4 sparsity stands on file, in the layers that upstream prunes."""

from typing import Any

import numpy as np
import paddle
import pytest
from paddle.incubate import asp
from paddleslim.auto_compression.create_compressed_program import _get_asp_prune_params

from integration.runner.compression.conftest import Compress, Lab
from integration.runner.compression.strategies import train_config
from segcompress_api.act_settings import SparsityTarget
from segcompress_runner.compression.graph import load
from segcompress_runner.compression.halving import mask_two_of_four
from segcompress_runner.compression.static_graph import static_mode
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.sparsity import Sparsity, measure_sparsity
from segcompress_runner.measurement.two_of_four import input_axes


def halved(*names: str) -> dict[str, Any]:
    return {"ASPPrune": {"prune_params_name": list(names)} if names else {}, "TrainConfig": train_config(6)}


def measured(files: ModelFiles, *names: str) -> Sparsity:
    return measure_sparsity(files, SparsityTarget(None, only_1x1=False, pattern="2:4", names=names))


def test_two_of_four_stand_on_file_and_the_graph_stays(run: Compress, lab: Lab) -> None:
    """The first convolution has three inputs, the second has groups: neither can have the pattern."""
    assert len(measured(lab.model).unfit) == 3
    done = run(halved())
    sparsity = measured(done.files)
    assert sparsity.unfit == ()
    assert sparsity.pruned_layers == 0.5
    assert [len(layer.shape) for layer in sparsity.layers if layer.pruned] == [4, 4, 4]
    assert done.files.program.read_bytes() == lab.model.program.read_bytes()


def test_the_pattern_stands_in_int8_too_where_quantisation_follows(run: Compress) -> None:
    sparsity = measured(run(halved() | {"QuantAware": {"quantize_op_types": ["conv2d"]}}).files)
    assert sparsity.unfit == ()
    assert [len(layer.shape) for layer in sparsity.layers if layer.pruned] == [4, 4, 4]


def test_only_the_weights_that_are_named_are_pruned(run: Compress, lab: Lab) -> None:
    named, *others = [layer.name for layer in measured(lab.model).layers if layer.pruned]
    done = run(halved(named))
    assert measured(done.files, named).unfit == ()
    assert measured(done.files).unfit == tuple(others)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param(
            "conv2d_9.w_0", "conv2d_9.w_0 is not a parameter of the model; did you mean", id="unknown"
        ),
        pytest.param("conv2d_0.w_0", "conv2d_0.w_0 cannot be pruned; 2:4 sparsity is for", id="few inputs"),
    ],
)
def test_weights_that_cannot_be_pruned_are_refused_by_name(run: Compress, name: str, said: str) -> None:
    with pytest.raises(InvalidSettingError) as error:
        run(halved(name))
    assert str(error.value).startswith(f"spec.strategy.ASPPrune.prune_params_name: {said}")


def test_layers_and_masks_are_those_of_upstream(lab: Lab) -> None:
    """Upstream's list less what its own pruning leaves alone; random weights have no ties."""
    with static_mode(), paddle.static.scope_guard(paddle.static.Scope()):
        program = load(lab.model, paddle.static.Executor(paddle.CPUPlace())).program
        axes = input_axes(program)
        taken = [
            name for name in _get_asp_prune_params(program) if program.global_block().var(name).shape[1] >= 4
        ]
        assert sorted(axes) == sorted(taken)
        for name, axis in axes.items():
            weight = np.asarray(paddle.static.global_scope().find_var(name).get_tensor())
            assert (mask_two_of_four(weight, axis) == asp.create_mask(weight.T).T).all()
