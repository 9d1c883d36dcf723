from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from integration.runner.measurement.tiny import Shape, tiny_model
from segcompress_runner.errors import InvalidInputError, NotExportableError
from segcompress_runner.inputs.dataset import Pictures
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.runtimes import paddle_inference, paddle_onednn
from segcompress_runner.measurement.runtimes.onnx_runtime import OnnxSession, onnx_predictor
from segcompress_runner.measurement.runtimes.paddle_inference import PaddleOptions, PaddleSession
from segcompress_runner.outputs.onnx_export import export_onnx


@pytest.fixture
def batch(pictures: Pictures) -> NDArray[np.float32]:
    return np.stack([pictures[index][0] for index in range(3)])


def differing(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    return float((first.argmax(axis=1) != second.argmax(axis=1)).mean())


def test_thread_counts_change_no_bit(model: ModelFiles, batch: NDArray[np.float32]) -> None:
    one, two = (PaddleSession(model, PaddleOptions(threads)) for threads in (1, 2))
    assert np.array_equal(one.run(batch), two.run(batch))


@pytest.mark.parametrize("size", [(32, 32), (25, 37)], ids=["doubled", "by-no-whole-number"])
def test_onednn_resizes_as_paddle_does_but_for_rounding(
    tmp_path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_model(tmp_path, Shape(size=size))
    assert paddle_onednn.resizes(model)
    pictures = np.random.default_rng(3).standard_normal((2, 3, *size), np.float32)
    session = PaddleSession(model)
    resized = session.run(pictures)
    session.run(pictures[:1])
    assert np.array_equal(session.run(pictures), resized)
    monkeypatch.setattr(paddle_inference, "resizes", lambda _: False)
    expected = PaddleSession(model).run(pictures)
    assert np.abs(resized - expected).max() < 1e-6 * np.abs(expected).max()
    assert not np.array_equal(resized, expected)


def test_a_value_that_is_halved_is_resized_by_paddle_since_onednn_knows_no_scale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_model(tmp_path, Shape(size=(50, 74), scale=0.5))
    pictures = np.random.default_rng(3).standard_normal((2, 3, 50, 74), np.float32)
    found = PaddleSession(model).run(pictures)
    expected, resized = (_resized(model, pictures, monkeypatch, onednn=one) for one in (False, True))
    assert np.array_equal(found, expected)
    assert np.abs(resized - expected).max() > 0.01 * np.abs(expected).max()


def test_onednn_resizes_in_int8_models_as_paddle_does_but_for_rounding(
    quantised: ModelFiles, batch: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert paddle_onednn.resizes(quantised)
    expected, resized = (
        _resized(quantised, batch, monkeypatch, onednn=one, int8=True) for one in (False, True)
    )
    assert np.abs(resized - expected).max() < 1e-6 * np.abs(expected).max()
    assert not np.array_equal(resized, expected)


def test_onednn_resizes_between_int8_layers_but_for_rounding(
    shaped: Callable[[Shape], ModelFiles], batch: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value that lies between two of int8's may be rounded to either."""
    model = shaped(Shape(scale=2.0))
    assert paddle_onednn.resizes(model)
    expected, resized = (_resized(model, batch, monkeypatch, onednn=one, int8=True) for one in (False, True))
    moved = np.abs(resized - expected) > 1e-6 * np.abs(expected).max()
    assert moved.mean() < 0.01
    assert differing(resized, expected) < 0.01


def _resized(
    model: ModelFiles,
    pictures: NDArray[np.float32],
    monkeypatch: pytest.MonkeyPatch,
    *,
    onednn: bool,
    int8: bool = False,
) -> NDArray[np.float32]:
    monkeypatch.setattr(paddle_inference, "resizes", lambda _: onednn)
    return PaddleSession(model, PaddleOptions(int8=int8)).run(pictures)


def test_the_int8_pass_computes_in_int8_and_keeps_the_answer(
    quantised: ModelFiles, batch: NDArray[np.float32]
) -> None:
    plain = PaddleSession(quantised).run(batch)
    passed = PaddleSession(quantised, PaddleOptions(int8=True)).run(batch)
    assert not np.array_equal(plain, passed)
    assert np.abs(plain - passed).max() < 0.05
    assert differing(plain, passed) < 0.05


@pytest.mark.parametrize("int8", [False, True], ids=["default", "int8"])
def test_a_picture_that_comes_back_gets_the_same_answer(
    tripled: ModelFiles, batch: NDArray[np.float32], *, int8: bool
) -> None:
    session = PaddleSession(tripled, PaddleOptions(int8=int8))
    first = session.run(batch[:1])
    assert np.array_equal(session.run(batch[:1]), first)
    session.run(batch)
    assert np.array_equal(session.run(batch[:1]), first)


def test_a_session_writes_nothing(
    quantised: ModelFiles, batch: NDArray[np.float32], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(quantised.program.parent.iterdir())
    PaddleSession(quantised, PaddleOptions(int8=True)).run(batch)
    assert list(tmp_path.iterdir()) == []
    assert sorted(quantised.program.parent.iterdir()) == before


def test_native_code_prints_nothing(
    quantised: ModelFiles, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    PaddleSession(quantised, PaddleOptions(int8=True))
    export_onnx(quantised, tmp_path / "quiet.onnx")
    assert capfd.readouterr() == ("", "")


def test_parameters_of_another_model_are_told(model: ModelFiles, tmp_path: Path) -> None:
    other = tiny_model(tmp_path, Shape(classes=3))
    with pytest.raises(InvalidInputError, match="must come from one export"):
        PaddleSession(ModelFiles(model.program, other.params)).run(np.zeros((1, 3, 32, 32), np.float32))


def test_an_export_gives_what_the_model_gives(
    model: ModelFiles, batch: NDArray[np.float32], plain_onnx: Path
) -> None:
    expected = PaddleSession(model).run(batch)
    assert np.abs(OnnxSession(plain_onnx, 1).run(batch) - expected).max() < 1e-5
    assert OnnxSession(plain_onnx, 1).batch is None
    onnx.checker.check_model(str(plain_onnx), full_check=True)


def test_a_fixed_batch_stays_fixed(tmp_path: Path, batch: NDArray[np.float32], model: ModelFiles) -> None:
    path = export_onnx(tiny_model(tmp_path, Shape(batch=2)), tmp_path / "fixed.onnx")
    assert OnnxSession(path, 1).batch == 2
    expected = PaddleSession(model).run(batch)
    assert np.abs(onnx_predictor(path, 1)(batch) - expected).max() < 1e-5


def test_a_quantised_export_holds_its_quantisation(
    quantised: ModelFiles, batch: NDArray[np.float32], quantised_onnx: Path
) -> None:
    graph = onnx.load(str(quantised_onnx)).graph
    assert "QuantizeLinear" in {node.op_type for node in graph.node}
    expected = PaddleSession(quantised).run(batch)
    answer = OnnxSession(quantised_onnx, 1).run(batch)
    assert np.abs(answer - expected).max() < 0.05
    assert differing(answer, expected) < 0.05


def test_int8_kernels_compute_what_the_file_states(batch: NDArray[np.float32], quantised_onnx: Path) -> None:
    """Exact sums leave rounding alone; sums that saturate, as by default without VNNI, differ by far."""
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    options.log_severity_level = 3
    stated = onnxruntime.InferenceSession(str(quantised_onnx), options, providers=["CPUExecutionProvider"])
    (expected,) = stated.run(None, {stated.get_inputs()[0].name: batch})
    answer = OnnxSession(quantised_onnx, 1).run(batch)
    assert differing(answer, expected) < 0.02
    assert np.abs(answer - expected).mean() < 0.01


def test_a_model_that_onnx_cannot_hold_is_told_by_its_operator(tmp_path: Path) -> None:
    """paddle2onnx ends its whole process then; ours goes on, and a file that was there stays."""
    model = tiny_model(tmp_path / "model", Shape(head="no-onnx"))
    old = tmp_path / "exports" / "old.onnx"
    old.parent.mkdir()
    old.write_bytes(b"old")
    with pytest.raises(NotExportableError, match="kthvalue"):
        export_onnx(model, old)
    assert old.read_bytes() == b"old"
    assert list(old.parent.iterdir()) == [old]


def test_relative_paths_are_those_of_the_caller(
    model: ModelFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(model.program.parent)
    files = ModelFiles(Path(model.program.name), Path(model.params.name))
    assert export_onnx(files, Path("relative.onnx")).exists()
    monkeypatch.chdir(tmp_path)
    assert OnnxSession(model.program.with_name("relative.onnx"), 1).batch is None


def test_a_file_that_is_no_onnx_is_told(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(InvalidInputError, match=r"^broken\.onnx: ONNX Runtime cannot load it"):
        OnnxSession(path, 1)


def test_pictures_of_the_wrong_shape_are_told(plain_onnx: Path) -> None:
    session = OnnxSession(plain_onnx, 1)
    with pytest.raises(
        InvalidInputError, match=r"^model\.onnx: does not run on pictures of shape \[5, 32, 32\]"
    ):
        session.run(np.zeros((1, 5, 32, 32), np.float32))
