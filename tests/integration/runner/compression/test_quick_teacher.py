"""A teacher in another runtime: the same lessons, or none from there."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
from numpy.typing import NDArray

from integration.runner.compression.conftest import Compress, Lab, Listener
from integration.runner.compression.strategies import quantised, sparse
from integration.runner.measurement.tiny import Shape, tiny_model
from segcompress_runner.compression.quick_teacher import OtherTeacherError, cut, quicker
from segcompress_runner.compression.static_graph import static_graph
from segcompress_runner.compression.task import Outputs
from segcompress_runner.compression.teacher import make_teacher, taught
from segcompress_runner.errors import InvalidInputError, NotExportableError
from segcompress_runner.inputs.model import ModelFiles, inspect_model
from segcompress_runner.stages import quick_opener

STAYS = "the teacher stays on Paddle's executor"


def nodes_of(lab: Lab) -> tuple[str, str]:
    """Return the last convolution's output, and that of the layer before it."""
    return lab.node, max(name for name in lab.info.variables if name.startswith("relu"))


def batch_of(lab: Lab) -> NDArray[np.float32]:
    return np.stack([lab.train.read(index) for index in range(4)])


def test_it_says_what_the_executor_says(lab: Lab) -> None:
    said = []
    with static_graph(device="CPU", threads=1, seed=0) as executor:
        slow = make_teacher(lab.model, nodes_of(lab), executor)
        quick = quicker(slow, lab.model, quick_opener(1), batch_of(lab), executor)
        for teacher in (slow, quick):
            scope = paddle.static.Scope()
            teacher.teach(batch_of(lab), executor, scope)
            said.append([np.array(scope.find_var(taught(name)).get_tensor()) for name in nodes_of(lab)])
    assert [values.shape[1] for values in said[0]] == [2, 32]
    for one, other in zip(*said, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-5)


def test_the_model_is_cut_behind_the_nodes(lab: Lab, tmp_path: Path) -> None:
    with static_graph(device="CPU", threads=1, seed=0) as executor:
        last, before = nodes_of(lab)
        info = inspect_model(cut(lab.model, lab.info.input_name, (before,), tmp_path, executor))
    assert info.output_shape[1] == 32
    assert last not in info.variables


def test_a_model_that_ends_in_classes_is_cut_too(tmp_path: Path) -> None:
    # Its last variable holds whole numbers, under the name that Paddle gives to the first that it saves.
    with paddle.utils.unique_name.guard():
        classes = tiny_model(tmp_path, Shape(head="ids"))
    known = inspect_model(classes)
    scores = max(name for name in known.variables if name.startswith("conv2d") and name.endswith(".tmp_1"))
    into = tmp_path / "cut"
    with static_graph(device="CPU", threads=1, seed=0) as executor, paddle.utils.unique_name.guard():
        info = inspect_model(cut(classes, known.input_name, (scores,), into, executor))
    assert len(known.output_shape) == 3
    assert len(info.output_shape) == 4


@pytest.mark.parametrize("strategy", [sparse(), quantised()], ids=["sparse", "quantised"])
def test_a_training_learns_the_same_from_it_each_time(run: Compress, strategy: dict[str, Any]) -> None:
    listener = Listener()
    alone = run(strategy)
    first, second = (run(strategy, threads=2, quick=quick_opener(2), progress=listener) for _ in range(2))
    assert first.files.params.read_bytes() == second.files.params.read_bytes()
    assert not any(STAYS in note for note in listener.notes)
    assert [point.loss for point in first.losses] == pytest.approx(
        [point.loss for point in alone.losses], rel=1e-3
    )


def unexportable(files: ModelFiles) -> Outputs:
    del files
    raise NotExportableError("no operator for it")


def unloadable(files: ModelFiles) -> Outputs:
    del files
    raise InvalidInputError("model.onnx: does not load")


def shifted(files: ModelFiles) -> Outputs:
    exact = quick_opener(1)(files)
    return lambda batch: [values + 0.01 for values in exact(batch)]


def not_finite(files: ModelFiles) -> Outputs:
    exact = quick_opener(1)(files)
    return lambda batch: [values * np.float32("nan") for values in exact(batch)]


def transposed(files: ModelFiles) -> Outputs:
    exact = quick_opener(1)(files)

    def outputs(batch: NDArray[np.float32]) -> Sequence[NDArray[Any]]:
        return [values.transpose(0, 1, 3, 2)[:, :, :-1] for values in exact(batch)]

    return outputs


@pytest.mark.parametrize(
    ("opener", "why"),
    [
        pytest.param(unexportable, "no operator for it", id="cannot be exported"),
        pytest.param(unloadable, "does not load", id="cannot be loaded"),
        pytest.param(shifted, "differs by up to 0.01", id="other values"),
        pytest.param(not_finite, "differs by up to nan", id="not finite"),
        pytest.param(transposed, "of shape", id="another shape"),
    ],
)
def test_otherwise_the_executor_teaches_as_if_nothing_had_been_asked(
    run: Compress, opener: Any, why: str
) -> None:
    listener = Listener()
    done = run(sparse(), quick=opener, progress=listener)
    assert [note for note in listener.notes if STAYS in note and why in note]
    assert done.files.params.read_bytes() == run(sparse()).files.params.read_bytes()


def test_a_difference_counts_by_the_largest_value(lab: Lab) -> None:
    """A share of 1e-4 is rounding, whatever the scale; more is another model."""

    def off_by(share: float) -> Any:
        def opener(files: ModelFiles) -> Outputs:
            exact = quick_opener(1)(files)
            return lambda batch: [values + share * np.abs(values).max() for values in exact(batch)]

        return opener

    with static_graph(device="CPU", threads=1, seed=0) as executor:
        slow = make_teacher(lab.model, nodes_of(lab), executor)
        quicker(slow, lab.model, off_by(0.5e-4), batch_of(lab), executor)
        with pytest.raises(OtherTeacherError):
            quicker(slow, lab.model, off_by(2e-4), batch_of(lab), executor)
