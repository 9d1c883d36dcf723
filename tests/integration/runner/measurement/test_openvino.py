from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from integration.runner.measurement.tiny import Shape, tiny_model
from segcompress_runner.errors import InvalidInputError
from segcompress_runner.inputs.dataset import Pictures
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.runtimes.onnx_runtime import OnnxSession
from segcompress_runner.measurement.runtimes.openvino_runtime import OpenVinoSession
from segcompress_runner.measurement.runtimes.paddle_inference import PaddleSession
from segcompress_runner.measurement.runtimes.session import predictor
from segcompress_runner.outputs.onnx_export import export_onnx
from segcompress_runner.outputs.openvino_export import export_openvino


@pytest.fixture
def batch(pictures: Pictures) -> NDArray[np.float32]:
    return np.stack([pictures[index][0] for index in range(3)])


def test_an_export_gives_what_the_model_gives(
    model: ModelFiles, batch: NDArray[np.float32], plain_ir: Path
) -> None:
    expected = PaddleSession(model).run(batch)
    for threads in (1, 2):
        answer = predictor(OpenVinoSession(plain_ir, threads, "f32"))(batch)
        assert np.abs(answer - expected).max() < 1e-5


def test_a_quantised_export_gives_what_onnx_runtime_gives(
    batch: NDArray[np.float32], quantised_onnx: Path, quantised_ir: Path
) -> None:
    expected = OnnxSession(quantised_onnx, 1).run(batch)
    answer = predictor(OpenVinoSession(quantised_ir, 1, "f32"))(batch)
    assert np.abs(answer - expected).max() < 0.05


def test_a_free_batch_becomes_one_picture_and_a_fixed_one_stays(
    tmp_path: Path, batch: NDArray[np.float32], model: ModelFiles, plain_ir: Path
) -> None:
    assert OpenVinoSession(plain_ir, 1).batch == 1
    onnx = export_onnx(tiny_model(tmp_path, Shape(batch=2)), tmp_path / "fixed.onnx")
    fixed = OpenVinoSession(export_openvino(onnx, tmp_path / "fixed.xml"), 1, "f32")
    assert fixed.batch == 2
    assert np.abs(predictor(fixed)(batch) - PaddleSession(model).run(batch)).max() < 1e-5


def test_class_ids_come_as_integers(tmp_path: Path, batch: NDArray[np.float32]) -> None:
    onnx = export_onnx(tiny_model(tmp_path, Shape(head="ids")), tmp_path / "model.onnx")
    answer = predictor(OpenVinoSession(export_openvino(onnx, tmp_path / "model.xml"), 1))(batch)
    assert answer.dtype == np.int32
    assert answer.shape == (3, 32, 32)


def test_answers_are_the_callers_own(plain_ir: Path, batch: NDArray[np.float32]) -> None:
    session = OpenVinoSession(plain_ir, 1)
    first = session.run(batch[:1])
    kept = first.copy()
    session.run(batch[1:2])
    assert np.array_equal(first, kept)


def test_what_is_no_ir_is_told(tmp_path: Path) -> None:
    path = tmp_path / "broken.xml"
    path.write_text("<net/>")
    with pytest.raises(InvalidInputError, match=r"^broken\.xml: OpenVINO cannot load it \(.+\)$"):
        OpenVinoSession(path, 1)


def test_pictures_of_the_wrong_shape_are_told(plain_ir: Path) -> None:
    session = OpenVinoSession(plain_ir, 1)
    with pytest.raises(
        InvalidInputError, match=r"^model\.xml: does not run on pictures of shape \[5, 32, 32\]"
    ):
        session.run(np.zeros((1, 5, 32, 32), np.float32))
