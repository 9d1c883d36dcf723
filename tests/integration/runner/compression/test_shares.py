"""A batch computed in shares: the same figures as the whole batch, but for rounding."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
from numpy.typing import NDArray

from integration.runner import exported
from integration.runner.compression.conftest import Compress, Lab
from integration.runner.compression.strategies import quantised, sparse, train_config
from integration.runner.compression.test_sparse import pruned
from segcompress_runner.compression.shares import in_shares
from segcompress_runner.compression.static_graph import static_graph, static_mode
from segcompress_runner.compression.steps import make_steps
from segcompress_runner.compression.student import Lesson, Student, make_student
from segcompress_runner.compression.teacher import Teacher, make_teacher, taught
from segcompress_runner.compression.training import shares_of
from segcompress_runner.inputs.model import ModelFiles


def weights(files: ModelFiles) -> dict[str, NDArray[np.float32]]:
    with static_graph(device="CPU", threads=1, seed=0) as executor:
        program, _, _ = paddle.static.load_inference_model(str(files.program.with_suffix("")), executor)
        scope = paddle.static.global_scope()
        return {param.name: np.array(scope.find_var(param.name).get_tensor()) for param in kept(program)}


def kept(program: Any) -> list[Any]:
    return [var for var in program.list_vars() if var.persistable and var.name not in {"feed", "fetch"}]


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_a_training_on_two_threads_learns_what_one_thread_learns(run: Compress, optimizer: str) -> None:
    builder = {"optimizer": {"type": optimizer}}
    strategy = sparse(0.75) | {"TrainConfig": train_config(8, learning_rate=0.001, optimizer_builder=builder)}
    alone, shared = run(strategy), run(strategy, threads=2)
    assert [point.loss for point in shared.losses] == pytest.approx(
        [point.loss for point in alone.losses], rel=1e-4
    )
    expected = weights(alone.files)
    for name, values in weights(shared.files).items():
        np.testing.assert_allclose(values, expected[name], atol=2e-4, err_msg=name)


def test_a_quantised_training_follows_the_ranges_of_whole_batches(run: Compress) -> None:
    alone, shared = run(quantised()), run(quantised(), threads=2)
    assert [point.loss for point in shared.losses] == pytest.approx(
        [point.loss for point in alone.losses], rel=1e-3
    )
    expected, found = weights(alone.files), weights(shared.files)
    assert found.keys() == expected.keys()
    for name in (name for name in expected if name.endswith("@scale")):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-4, err_msg=name)


def test_a_range_is_that_of_all_shares_bit_for_bit(lab: Lab) -> None:
    """One iteration from the same weights: the first layer's input, which rounding has not reached."""
    batch = np.stack([lab.train.read(index) for index in range(4)])
    ranges = []
    for shares in (1, 2):
        with static_graph(device="CPU", threads=1, seed=0) as executor:
            student = made(lab, quantised(), executor, shares)
            next(student.losses(executor, [batch]))
            ranges.append(np.array(student.graphs.scope.find_var("x@scale").get_tensor()))
    assert np.array_equal(ranges[0], ranges[1])
    assert ranges[0] > 0.1


def test_masks_are_as_exact(run: Compress) -> None:
    done = run(sparse(0.75, ramp=11), threads=2)
    assert pruned(done.files) == pytest.approx(0.75, abs=0.001)


def made(lab: Lab, strategy: dict[str, Any], executor: Any, shares: int) -> Student:
    settings = lab.training(strategy).settings
    return make_student(Lesson(lab.model, lab.model, shares), settings, make_steps(settings.steps), executor)


def test_every_program_of_a_training_is_in_shares(lab: Lab) -> None:
    with static_graph(device="CPU", threads=1, seed=0) as executor:
        student = made(lab, sparse(), executor, 2)
    assert isinstance(student.teacher, Teacher)
    for program in (student.teacher.program, student.graphs.train, student.evaluated):
        convolutions = [op for op in program.global_block().ops if op.type == "conv2d"]
        ends = {name.rpartition(".")[2] for op in convolutions for name in op.output_arg_names}
        assert ends == {"share0", "share1"}
    assert not any(".share" in var.name for var in student.graphs.inference.list_vars())


@pytest.mark.parametrize("pictures", [4, 3])
def test_what_is_evaluated_is_the_same_whole_and_in_shares(lab: Lab, pictures: int) -> None:
    """Three pictures have no two equal shares."""
    images = np.stack([lab.val[index][0] for index in range(pictures)])
    predicted = []
    for shares in (1, 2):
        with static_graph(device="CPU", threads=1, seed=0) as executor:
            student = made(lab, sparse(), executor, shares)
            scope = student.graphs.scope
            tensor = scope.find_var("conv2d_0.w_0").get_tensor()
            before = student.predict(executor, images)
            tensor.set(-np.array(tensor), executor.place)
            predicted.append(student.predict(executor, images))
            assert not np.array_equal(before, predicted[-1])
    whole, shared = predicted
    np.testing.assert_allclose(shared, whole, atol=1e-6)


def test_a_real_network_says_the_same_in_four_shares(tmp_path: Path) -> None:
    """Its graph splits, shuffles and joins channels, and asks for the shapes of its variables."""
    exported.main("PPHumanSegLite", tmp_path, 0, 64, 64)
    files = ModelFiles(tmp_path / "model.pdmodel", tmp_path / "model.pdiparams")
    images = np.random.default_rng(0).normal(size=(4, 3, 64, 64)).astype(np.float32)
    nodes, values = ("batch_norm_40.tmp_2", "relu_30.tmp_0"), []
    for shares in (1, 4):
        with static_graph(device="CPU", threads=1, seed=0) as executor:
            scope = paddle.static.global_scope()
            make_teacher(files, nodes, executor, shares).teach(images, executor, scope)
            values.append([np.array(scope.find_var(taught(name)).get_tensor()) for name in nodes])
    for whole, shared in zip(*values, strict=True):
        np.testing.assert_allclose(shared, whole, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("frozen", [True, False])
def test_a_norm_that_measures_the_batch_keeps_it_whole(*, frozen: bool) -> None:
    with static_mode():
        program = paddle.static.default_main_program()
        pictures = paddle.static.data("x", [None, 3, 8, 8], "float32")
        normed = paddle.static.nn.batch_norm(pictures, use_global_stats=frozen)
        before = program.to_string(throw_on_error=True)
        assert in_shares(program, "x", [normed.name], 2) is frozen
        assert (program.to_string(throw_on_error=True) != before) is frozen


@pytest.mark.parametrize(
    ("strategy", "changes", "batch", "expected"),
    [
        pytest.param(sparse(), {}, -1, 2, id="one for each thread"),
        pytest.param(sparse(), {}, 1, 2, id="exported for one picture, and tried with more"),
        pytest.param(sparse(), {}, 4, 1, id="exported for this very batch, which may be built in"),
        pytest.param(sparse(), {"device": "GPU"}, -1, 1, id="a GPU computes a batch at once"),
        pytest.param(quantised(), {}, -1, 2, id="scales that are joined"),
        pytest.param(quantised(use_pact=True), {}, -1, 1, id="PACT would clip each share by itself"),
        pytest.param(quantised(is_full_quantize=True), {}, -1, 1, id="what joins shares would be quantised"),
    ],
)
def test_what_is_computed_in_shares(
    lab: Lab, strategy: dict[str, Any], changes: dict[str, Any], batch: int, expected: int
) -> None:
    info = replace(lab.info, input_shape=(batch, *lab.info.input_shape[1:]))
    training = lab.training(strategy, threads=2, info=info, **changes)
    assert shares_of(training, make_steps(training.settings.steps)) == expected
