import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from integration.runner.measurement.tiny import Shape, tiny_model
from segcompress_runner.errors import InvalidInputError, NotExportableError
from segcompress_runner.inputs.dataset import Pictures
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.runtimes.mnn_runtime import MnnSession
from segcompress_runner.measurement.runtimes.paddle_inference import PaddleSession
from segcompress_runner.measurement.runtimes.session import predictor
from segcompress_runner.outputs.mnn_export import export_mnn
from segcompress_runner.outputs.onnx_export import export_onnx


@pytest.fixture
def batch(pictures: Pictures) -> NDArray[np.float32]:
    return np.stack([pictures[index][0] for index in range(3)])


def every_fourth(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Keep a quarter of a 1x1 convolution's weights, one in each block of four output channels."""
    if weight.shape[2:] != (1, 1):
        return weight
    row, column = np.ogrid[: weight.shape[0], : weight.shape[1]]
    return np.where(((row + column) % 4 == 3)[:, :, None, None], weight, 0).astype(np.float32)


def half_of_the_blocks(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Keep every other block of four output channels."""
    if weight.shape[2:] != (1, 1):
        return weight
    row, column = np.ogrid[: weight.shape[0], : weight.shape[1]]
    kept = (row // 4 + column) % 2 == 0
    return np.where(kept[:, :, None, None], weight, 0).astype(np.float32)


def exported(model: ModelFiles, folder: Path) -> Path:
    return export_mnn(export_onnx(model, folder / "model.onnx"), folder / "model.mnn")


def sparse_layers(path: Path) -> list[dict[str, int]]:
    """Return what the file says of each layer that runs on sparse kernels."""
    told = path.with_suffix(".json")
    program = "import sys, _tools; _tools.mnnconvert(sys.argv)"
    arguments = ("-f", "MNN", "--modelFile", str(path), "--JsonFile", str(told))
    subprocess.run([sys.executable, "-c", program, *arguments], check=True, capture_output=True)
    content: dict[str, Any] = json.loads(told.read_text())
    found = [(one.get("main") or {}).get("sparseParameter") for one in content["oplists"]]
    return [{arg["key"]: arg.get("i", 0) for arg in one["args"]} for one in found if one]


def test_an_export_gives_what_the_model_gives(
    model: ModelFiles, batch: NDArray[np.float32], plain_mnn: Path
) -> None:
    expected = PaddleSession(model).run(batch)
    for threads in (1, 2):
        assert np.abs(predictor(MnnSession(plain_mnn, threads))(batch) - expected).max() < 1e-5
    assert MnnSession(plain_mnn, 1).batch == 1
    assert sparse_layers(plain_mnn) == []


@pytest.mark.parametrize(
    ("change", "block"), [(every_fourth, 1), (half_of_the_blocks, 4)], ids=["strewn", "in blocks"]
)
def test_sparse_layers_run_on_sparse_kernels_and_give_the_same(
    change: Any, block: int, batch: NDArray[np.float32], tmp_path: Path
) -> None:
    sparse = tiny_model(tmp_path, change=change)
    path = exported(sparse, tmp_path)
    layers = sparse_layers(path)
    assert [one["sparseBlockOC"] for one in layers] == [block] * 2
    assert np.abs(predictor(MnnSession(path, 1))(batch) - PaddleSession(sparse).run(batch)).max() < 1e-5


def test_a_fixed_batch_stays_fixed(tmp_path: Path, batch: NDArray[np.float32], model: ModelFiles) -> None:
    session = MnnSession(exported(tiny_model(tmp_path, Shape(batch=2)), tmp_path), 1)
    assert session.batch == 2
    assert np.abs(predictor(session)(batch) - PaddleSession(model).run(batch)).max() < 1e-5


def test_class_ids_come_as_integers(tmp_path: Path, batch: NDArray[np.float32]) -> None:
    answer = predictor(MnnSession(exported(tiny_model(tmp_path, Shape(head="ids")), tmp_path), 1))(batch)
    assert answer.dtype == np.int32
    assert answer.shape == (3, 32, 32)


def test_answers_are_the_callers_own(plain_mnn: Path, batch: NDArray[np.float32]) -> None:
    session = MnnSession(plain_mnn, 1)
    first = session.run(batch[:1])
    kept = first.copy()
    assert not np.array_equal(session.run(batch[1:2]), kept)
    assert np.array_equal(first, kept)


def test_what_is_no_mnn_file_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "broken.mnn"
    path.write_bytes(b"no model")
    with pytest.raises(InvalidInputError, match=r"^broken\.mnn: MNN cannot load it"):
        MnnSession(path, 1)
    assert capfd.readouterr() == ("", "")


def test_pictures_of_the_wrong_shape_are_told(plain_mnn: Path) -> None:
    session = MnnSession(plain_mnn, 1)
    with pytest.raises(InvalidInputError, match=r"does not run in MNN on pictures of shape \[5, 32, 32\]$"):
        session.run(np.zeros((1, 5, 32, 32), np.float32))


def test_a_file_that_mnn_does_not_read_is_told_and_leaves_what_was_there(
    tmp_path: Path, plain_onnx: Path
) -> None:
    """The converter says True all the same."""
    model = onnx.load(plain_onnx)
    model.graph.node[-1].op_type = "NoSuchOperator"
    onnx.save(model, tmp_path / "odd.onnx")
    (tmp_path / "out").mkdir()
    old = tmp_path / "out" / "model.mnn"
    old.write_bytes(b"old")
    with pytest.raises(NotExportableError, match="NoSuchOperator"):
        export_mnn(tmp_path / "odd.onnx", old)
    assert [path.read_bytes() for path in (tmp_path / "out").iterdir()] == [b"old"]
