"""Pruned and then quantised in one run: int8, and as sparse as was asked for."""

import hashlib
import itertools
from pathlib import Path

import numpy as np
import paddle
import pytest
from numpy.typing import NDArray

from integration.runner.compression.conftest import Lab, Listener
from integration.runner.compression.strategies import sparse_and_quantised, train_config
from segcompress_api.act_settings import SparsityTarget
from segcompress_api.progress import ProgressReport
from segcompress_runner.compression.static_graph import static_graph
from segcompress_runner.compression.training import Compressed, compress
from segcompress_runner.inputs.model import ModelFiles, inspect_model
from segcompress_runner.measurement.sparsity import measure_sparsity
from segcompress_runner.progress import Both
from segcompress_runner.reporting import Reporter

ADAM = {"optimizer": {"type": "Adam"}}
"""Moves every weight by the rate, whatever its gradient: zeros that are not held would not stay zeros."""

STRATEGY = sparse_and_quantised() | {"TrainConfig": train_config(20, eval_iter=10, optimizer_builder=ADAM)}


@pytest.fixture(scope="module")
def told() -> Listener:
    return Listener()


class Operator:
    """Keeps what a reporter sends."""

    def __init__(self) -> None:
        self.heard: list[ProgressReport] = []

    def send(self, report: ProgressReport) -> None:
        self.heard.append(report)


@pytest.fixture(scope="module")
def operator() -> Operator:
    return Operator()


@pytest.fixture(scope="module")
def done(
    lab: Lab, told: Listener, operator: Operator, tmp_path_factory: pytest.TempPathFactory
) -> Compressed:
    hours = itertools.count(0.0, 3600.0).__next__  # any change is due, whenever it is looked at
    reporter = Reporter(operator, print, clock=hours)
    training = lab.training(STRATEGY, progress=Both(told, reporter))
    compressed = compress(training, tmp_path_factory.mktemp("sequence"))
    reporter.close()
    reporter.report()
    return compressed


def zeros_of(files: ModelFiles) -> dict[str, NDArray[np.bool_]]:
    """Return where the 1x1 convolutions are zero."""
    with static_graph(device="CPU", threads=1, seed=0) as executor:
        program, _, _ = paddle.static.load_inference_model(str(files.program.with_suffix("")), executor)
        scope = paddle.static.global_scope()
        values = {
            var.name: np.asarray(scope.find_var(var.name).get_tensor())
            for var in program.list_vars()
            if var.persistable and var.name not in {"feed", "fetch"}
        }
    return {name: value == 0 for name, value in values.items() if value.shape[2:] == (1, 1)}


def test_the_file_is_int8_and_as_sparse_as_was_asked_for(done: Compressed, lab: Lab) -> None:
    assert measure_sparsity(done.files, SparsityTarget(0.75, only_1x1=True)).pruned_layers == pytest.approx(
        0.75, abs=0.005
    )
    assert any(name.endswith(".quantized") for name in inspect_model(done.files).variables)
    assert done.files.params.stat().st_size < 0.6 * lab.model.params.stat().st_size


def test_what_the_first_training_pruned_the_second_leaves_at_zero(done: Compressed) -> None:
    pruned = zeros_of(
        ModelFiles(
            *(done.files.program.parent / "step-1" / f"model.{end}" for end in ("pdmodel", "pdiparams"))
        )
    )
    quantised = zeros_of(done.files)
    assert pruned.keys() == quantised.keys()
    assert sum(zeros.sum() for zeros in pruned.values()) > 1000
    assert all(quantised[name][zeros].all() for name, zeros in pruned.items())


def test_evaluations_of_both_trainings_are_reported(done: Compressed, operator: Operator) -> None:
    counted = [(one.iteration, f"{one.miou:.4f}") for one in done.history if one.eligible]
    assert [iteration for iteration, _ in counted] == [10, 20, 30, 40]
    assert [(one.step, one.miou) for one in operator.heard[-1].evaluations or ()] == counted


def test_both_trainings_are_told_one_after_the_other(done: Compressed, told: Listener) -> None:
    assert [one.iteration for one in done.history] == [10, 20, 30, 40]
    assert (done.iterations, done.best_iteration >= 30) == (40, True)
    assert [point.iteration for point in done.losses] == list(range(1, 41))
    assert [note for note in told.notes if note.startswith("step")] == [
        "step 1 of 2: UnstructurePrune",
        "step 2 of 2: QuantAware",
    ]


def test_the_model_that_came_teaches_the_second_training_too(done: Compressed) -> None:
    """To the sparse model as a teacher the quantised one would be near from the start."""
    last, first = (point.loss for point in done.losses[19:21])
    assert first > 0.7 * last


def test_two_runs_give_the_same_bytes(done: Compressed, lab: Lab, tmp_path: Path) -> None:
    again = compress(lab.training(STRATEGY), tmp_path)
    first, second = (hashlib.sha256(one.files.params.read_bytes()).hexdigest() for one in (done, again))
    assert first == second
