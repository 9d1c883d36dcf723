"""Paddle-Lite in its own interpreter: what it makes of a model, and how it answers on x86."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from integration.runner.measurement.test_mnn import every_fourth
from integration.runner.measurement.tiny import Shape, tiny_model
from segcompress_runner.errors import InvalidInputError, NotExportableError
from segcompress_runner.inputs.dataset import Pictures
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.runtimes.paddle_inference import PaddleSession
from segcompress_runner.paddle_lite.conversion import convert
from segcompress_runner.paddle_lite.interpreter import Interpreter
from segcompress_runner.paddle_lite.session import LiteSession


@pytest.fixture
def picture(pictures: Pictures) -> NDArray[np.float32]:
    return np.stack([pictures[0][0]])


@pytest.mark.parametrize(
    "shape", [Shape(), Shape(head="ids"), Shape(batch=1)], ids=["scores", "ids", "batch"]
)
def test_a_model_answers_as_the_saved_one(
    shape: Shape, picture: NDArray[np.float32], interpreter: Interpreter, tmp_path: Path
) -> None:
    files = tiny_model(tmp_path / "model", shape)
    made = convert(files, tmp_path / "check.nb", "x86", interpreter)
    with LiteSession(made.path, interpreter) as session:
        answers = [session.run(picture) for _ in range(2)]
    expected = PaddleSession(files).run(picture)
    for answer in answers:
        assert answer.shape == expected.shape
        assert np.abs(answer - expected).max() < 1e-5


def test_a_file_for_arm_tells_how_many_convolutions_are_sparse(
    model: ModelFiles, interpreter: Interpreter, tmp_path: Path
) -> None:
    sparse = tiny_model(tmp_path / "sparse", change=every_fourth)
    made = [convert(files, tmp_path / "model.nb", "arm", interpreter) for files in (model, sparse)]
    assert [(one.sparse, one.convolutions) for one in made] == [(0, 4), (2, 4)]
    assert (tmp_path / "model.nb").stat().st_size > 0


def test_an_operator_that_paddle_lite_lacks_is_named(interpreter: Interpreter, tmp_path: Path) -> None:
    files = tiny_model(tmp_path / "model", Shape(head="no-onnx"))
    with pytest.raises(NotExportableError, match="'kthvalue'"):
        convert(files, tmp_path / "model.nb", "arm", interpreter)
    assert not (tmp_path / "model.nb").exists()


def test_a_crash_ends_its_own_process_alone(
    picture: NDArray[np.float32], interpreter: Interpreter, tmp_path: Path
) -> None:
    """Paddle-Lite answers what it cannot read with abort()."""
    (tmp_path / "model.nb").write_bytes(bytes(1000))
    with (
        LiteSession(tmp_path / "model.nb", interpreter) as session,
        pytest.raises(
            InvalidInputError, match=r"model\.nb: does not run on Paddle-Lite's kernels for x86 \(."
        ),
    ):
        session.run(picture)
