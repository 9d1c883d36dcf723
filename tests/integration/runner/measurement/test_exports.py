"""What is made of a saved model, and who is told where that is impossible."""

from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from integration.runner.measurement.tiny import Shape, tiny_model
from segcompress_api.benchmark import RuntimeName
from segcompress_api.job import ExportName, JobSpec
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.runtimes.onnx_runtime import OnnxSession
from segcompress_runner.measurement.runtimes.row import Candidate
from segcompress_runner.outputs import onnx_export
from segcompress_runner.outputs.artefacts import export, published
from small_spec import small_spec


def spec(runtimes: list[RuntimeName], exports: list[ExportName]) -> JobSpec:
    return small_spec(benchmark={"runtimes": runtimes}, exports=exports)


def test_what_an_export_is_made_of_is_made_once(model: ModelFiles, tmp_path: Path) -> None:
    asked = spec(["OpenVINO", "ONNXRuntime"], [])
    made = export(Candidate(model, quantised=False), "OpenVINO", tmp_path, asked)
    onnx = made.exports["ONNX"].stat()
    again = export(made, "ONNX", tmp_path, asked)
    assert again.exports["ONNX"].stat() == onnx
    assert published(again, "ONNX") == {"model.onnx": tmp_path / "model.onnx"}
    files = published(again, "OpenVINO")
    assert set(files) == {"model.xml", "model.bin"}
    assert all(path.is_file() for path in files.values())


def test_weights_are_not_rounded(plain_ir: Path, quantised_ir: Path) -> None:
    """OpenVINO halves floats to fp16 unless told otherwise."""
    assert constants(plain_ir) == {"f32", "i64"}
    assert "f16" not in constants(quantised_ir)
    assert "i8" in constants(quantised_ir)


def constants(path: Path) -> set[str]:
    """Return the element types of an IR's constants."""
    layers = ET.parse(path).iter("layer")  # noqa: S314 - ours
    data = [one.find("data") for one in layers if one.get("type") == "Const"]
    return {one.get("element_type", "") for one in data if one is not None}


@pytest.mark.parametrize(
    ("runtimes", "exports", "fields", "names"),
    [
        (["ONNXRuntime", "PaddleInference"], [], "spec.benchmark.runtimes", "ONNXRuntime"),
        (["OpenVINO"], [], "spec.benchmark.runtimes", "OpenVINO"),
        (["PaddleInference"], ["OpenVINO"], "spec.exports", "OpenVINO"),
        (
            ["OpenVINO"],
            ["ONNX"],
            "spec.benchmark.runtimes and spec.exports",
            "OpenVINO, ONNX",
        ),
    ],
    ids=["runtime", "what it is made of", "export", "both"],
)
def test_a_model_that_cannot_be_exported_is_told_by_setting_and_operator(
    runtimes: list[RuntimeName], exports: list[ExportName], fields: str, names: str, tmp_path: Path
) -> None:
    candidate = Candidate(tiny_model(tmp_path / "model", Shape(head="no-onnx")), quantised=False)
    name: ExportName = "OpenVINO" if "OpenVINO" in (*runtimes, *exports) else "ONNX"
    with pytest.raises(InvalidSettingError) as raised:
        export(candidate, name, tmp_path / "exports", spec(runtimes, exports))
    message = str(raised.value)
    assert message.startswith(f"{fields}: the model model.pdmodel cannot be exported to ONNX (")
    assert "kthvalue" in message
    assert message.endswith(f"; leave out {names}")


def test_a_model_on_which_the_converter_crashes_is_told_by_signal_and_cause(tmp_path: Path) -> None:
    candidate = Candidate(tiny_model(tmp_path / "model", Shape(bins=32)), quantised=False)
    with pytest.raises(InvalidSettingError, match="paddle2onnx crashed: SIGFPE, as for an adaptive pooling"):
        export(candidate, "ONNX", tmp_path / "exports", spec(["ONNXRuntime"], []))


def test_a_large_model_is_exported_unoptimised_and_gives_the_same(
    quantised: ModelFiles, quantised_onnx: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_export, "OPTIMISED", 0)
    plain = onnx_export.export_onnx(quantised, tmp_path / "plain.onnx")
    assert plain.read_bytes() != quantised_onnx.read_bytes()
    picture = np.random.default_rng(1).normal(size=(1, 3, 32, 32)).astype(np.float32)
    given, expected = (OnnxSession(path, 1).run(picture) for path in (plain, quantised_onnx))
    np.testing.assert_allclose(given, expected, atol=1e-6)
