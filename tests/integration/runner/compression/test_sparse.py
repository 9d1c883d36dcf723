"""A sparse training ends with the ratio that was asked for, on file."""

from pathlib import Path
from typing import Any

import pytest

from integration.runner.compression.conftest import Compress, Lab, Listener, make_lab, save_net
from integration.runner.compression.strategies import sparse, train_config
from segcompress_api.act_settings import Pattern, SparsityTarget
from segcompress_runner.compression.training import compress
from segcompress_runner.errors import InvalidSettingError, PreemptedError
from segcompress_runner.inputs.model import ModelFiles, inspect_model
from segcompress_runner.measurement.sparsity import measure_sparsity
from segcompress_runner.progress import Stage


def pruned(files: ModelFiles, *, only_1x1: bool = True, pattern: Pattern = "1x1") -> float:
    return measure_sparsity(files, SparsityTarget(None, only_1x1, pattern)).pruned_layers


@pytest.mark.parametrize("local", [False, True])
def test_the_ratio_stands_on_file(run: Compress, *, local: bool) -> None:
    done = run(sparse(0.75, local_sparsity=local))
    assert pruned(done.files) == pytest.approx(0.75, abs=0.001)


def test_with_local_sparsity_every_pruned_layer_has_the_ratio(run: Compress) -> None:
    sparsity = measure_sparsity(
        run(sparse(0.75, local_sparsity=True)).files, SparsityTarget(0.75, only_1x1=True)
    )
    assert [layer.zeros for layer in sparsity.layers if layer.pruned] == pytest.approx([0.75] * 3, abs=0.01)


@pytest.mark.parametrize("local", [False, True])
def test_blocks_of_four_output_channels_are_zero_as_a_whole_on_file(run: Compress, *, local: bool) -> None:
    """The last layer has two output channels: its blocks are of two."""
    done = run(sparse(0.6, sparse_block=[4, 1], local_sparsity=local))
    assert 0.6 <= pruned(done.files, pattern="4x1") < 0.61
    assert pruned(done.files) == pruned(done.files, pattern="4x1")


@pytest.mark.parametrize("block", [1, 4])
def test_layers_have_ratios_of_their_own_and_all_together_the_ratio(
    run: Compress, lab: Lab, block: int
) -> None:
    layers = measure_sparsity(lab.model, SparsityTarget(None, only_1x1=True)).layers
    first, second, last = (layer.name for layer in layers if layer.pruned)
    own = {first: 0.9, last: 0.0}
    settings = sparse(0.75, ramp=11, local_sparsity=True, sparse_block=[block, 1], layer_ratios=own)
    sparsity = measure_sparsity(run(settings).files, SparsityTarget(None, only_1x1=True))
    zeros = {layer.name: layer.zeros for layer in sparsity.layers if layer.pruned}
    assert sparsity.pruned_layers == pytest.approx(0.75, abs=0.005)
    assert zeros[first] == pytest.approx(0.9, abs=0.005)
    assert zeros[last] == 0.0
    assert 0.4 < zeros[second] < 0.9


RECONSTRUCTED: dict[str, Any] = {"criterion": "reconstruction", "local_sparsity": True}


@pytest.mark.parametrize("block", [1, 4])
def test_reconstruction_makes_all_zeros_before_the_training(run: Compress, block: int) -> None:
    done = run(sparse(0.75, sparse_block=[block, 1], **RECONSTRUCTED))
    assert pruned(done.files) == pytest.approx(0.75, abs=0.01)
    assert all(one.eligible for one in done.history)


def test_reconstructed_layers_have_ratios_of_their_own(run: Compress, lab: Lab) -> None:
    layers = measure_sparsity(lab.model, SparsityTarget(None, only_1x1=True)).layers
    last = [layer.name for layer in layers if layer.pruned][-1]
    files = run(sparse(0.7, layer_ratios={last: 0.0}, **RECONSTRUCTED)).files
    zeros = {
        one.name: one.zeros for one in measure_sparsity(files, SparsityTarget(None, only_1x1=True)).layers
    }
    assert zeros[last] == 0.0


def test_reconstruction_starts_nearer_to_the_teacher_than_magnitude(run: Compress) -> None:
    train = {"TrainConfig": train_config(4, learning_rate=1e-6)}
    by_magnitude = run(sparse(0.5, sparse_block=[4, 1], local_sparsity=True) | train)
    by_outputs = run(sparse(0.5, sparse_block=[4, 1], **RECONSTRUCTED) | train)
    assert by_outputs.losses[0].loss < 0.7 * by_magnitude.losses[0].loss


@pytest.mark.parametrize(
    ("batch_size", "seen"),
    [
        pytest.param(4, 16, id="whole batches of one epoch"),
        pytest.param(18, 18, id="one batch"),
        pytest.param(40, 18, id="a batch that repeats the list"),
    ],
)
def test_reconstruction_says_how_many_pictures_it_looks_at(run: Compress, batch_size: int, seen: int) -> None:
    """The list has 18 pictures."""
    heard = Listener()
    with pytest.raises(PreemptedError):
        run(sparse(0.5, **RECONSTRUCTED), batch_size=batch_size, progress=heard, stop=lambda: True)
    assert heard.notes == [f"UnstructurePrune: looks at {seen} pictures"]


def test_reconstruction_heeds_sigterm_before_the_first_iteration(run: Compress) -> None:
    with pytest.raises(PreemptedError, match="before the first iteration"):
        run(sparse(0.5, **RECONSTRUCTED), stop=lambda: True)


def test_reconstruction_heeds_sigterm_within_a_layer(run: Compress) -> None:
    """The net has three layers; one of many channels takes minutes."""
    asked = iter(range(100))
    with pytest.raises(PreemptedError, match="before the first iteration"):
        run(sparse(0.5, **RECONSTRUCTED), stop=lambda: next(asked) == 4)


def test_every_layer_but_norms_is_pruned_where_no_type_is_given(run: Compress) -> None:
    assert pruned(run(sparse(0.6, prune_params_type=None)).files, only_1x1=False) == pytest.approx(
        0.6, abs=0.001
    )


def test_a_training_as_long_as_its_ramp_reaches_the_ratio(run: Compress) -> None:
    done = run(sparse(0.8, ramp=22, steps=2) | {"TrainConfig": train_config(22)})
    assert pruned(done.files) == pytest.approx(0.8, abs=0.001)
    assert [one.eligible for one in done.history] == [False] * 5 + [True]
    assert done.best_iteration == 22


def test_below_the_threshold_every_weight_is_zero(run: Compress) -> None:
    section = {"prune_mode": "threshold", "threshold": 0.1, "prune_params_type": "conv1x1_only"}
    done = run({"UnstructurePrune": section, "TrainConfig": train_config(4)})
    assert 0.1 < pruned(done.files) < 1.0


def test_better_and_denser_evaluations_from_the_ramp_never_win(run: Compress) -> None:
    """Upstream's ACT shipped 0.15 here and reported success."""
    slow = train_config(80, eval_iter=10, learning_rate=1e-5)
    done = run(sparse(0.9, ramp=70, steps=6) | {"TrainConfig": slow})
    assert [one.iteration for one in done.history] == list(range(10, 81, 10))
    assert max(one.miou for one in done.history if not one.eligible) >= done.best.miou
    assert done.best_iteration in (70, 80)
    assert pruned(done.files) == pytest.approx(0.9, abs=0.005)


def test_the_saved_model_keeps_its_graph_and_nothing_lies_beside_it(run: Compress, lab: Lab) -> None:
    done = run(sparse())
    assert done.files.program.read_bytes() == lab.model.program.read_bytes()
    assert inspect_model(done.files) == lab.info
    assert sorted(path.name for path in done.files.program.parent.iterdir()) == [
        "model.pdiparams",
        "model.pdmodel",
    ]


def test_the_model_must_have_layers_to_prune(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "data").mkdir()
    without = make_lab(save_net(tmp_path / "net", kernel=3), tmp_path / "data")
    with pytest.raises(InvalidSettingError, match="prune_params_type: the model has no 1x1 convolution"):
        compress(without.training(sparse()), tmp_path / "out")


def test_a_ramp_longer_than_the_epochs_is_refused_before_training(run: Compress) -> None:
    listener = Listener()
    epochs = train_config(epochs=2) | {"train_iter": None}
    with pytest.raises(InvalidSettingError, match="the training only 8"):
        run(sparse(ramp=12) | {"TrainConfig": epochs}, progress=listener)
    assert not listener.stages


def test_progress_tells_stage_steps_and_evaluations(run: Compress) -> None:
    listener = Listener()
    run(sparse(ramp=11), progress=listener)
    assert listener.stages == [(Stage.COMPRESS, 0), (Stage.COMPRESS, 12)]
    losses = [(done, figures["loss"]) for done, figures in listener.steps if "loss" in figures]
    assert [done for done, _ in losses] == [2, 4, 6, 8, 10, 12]
    assert all(loss >= 0 for _, loss in losses)
    assert [done for done, figures in listener.steps if "miou" in figures] == [12]
    assert listener.notes[0].startswith("iteration 4 of 12: mIoU ")
    assert listener.notes[0].endswith("at ratio 0.1500 (ramp not over)")
    assert listener.notes[-1].endswith("at ratio 0.7500")
