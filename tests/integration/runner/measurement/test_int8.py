"""What the table of runtimes claims of int8, read from what the libraries themselves say they computed."""

import os
import subprocess
import sys
from pathlib import Path

import onnx
import pytest

from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.runtimes.openvino_runtime import OpenVinoSession
from segcompress_runner.measurement.runtimes.row import Candidate
from segcompress_runner.measurement.runtimes.table import RUNTIMES
from segcompress_runner.outputs.onnx_export import export_onnx
from segcompress_runner.outputs.openvino_export import export_openvino

BETWEEN = {"Convolution", "Pooling", "Concatenation"}

PADDLE = """
import sys, zlib
import numpy as np
from pathlib import Path
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.runtimes.row import Candidate
from segcompress_runner.measurement.runtimes.table import RUNTIMES
program, params, name = sys.argv[1:]
(way,) = (way for way in RUNTIMES["PaddleInference"].ways if way.name == name)
session = way.open(Candidate(ModelFiles(Path(program), Path(params)), quantised=True), 1)
session.run(np.zeros((1, 3, 32, 32), np.float32))
"""


def logged(kind: str, model: ModelFiles, way: str, **environment: str) -> list[str]:
    """Return oneDNN's log of every layer of a kind that it computes for one picture in Paddle Inference."""
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PADDLE, str(model.program), str(model.params), way],
        env=os.environ | {"ONEDNN_VERBOSE": "1", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in ended.stdout.splitlines() if f",exec,cpu,{kind}," in line]


def convolutions(model: ModelFiles, way: str, **environment: str) -> list[str]:
    return logged("convolution", model, way, **environment)


def are_in_int8(lines: list[str]) -> bool:
    return bool(lines) and all("wei_s8" in line or "wei:s8" in line for line in lines)


@pytest.mark.parametrize("isa", ["AVX2", "ALL"], ids=["without-vnni", "as-this-cpu-is"])
def test_paddles_int8_pass_computes_every_convolution_in_int8(quantised: ModelFiles, isa: str) -> None:
    lines = convolutions(quantised, "int8", ONEDNN_MAX_CPU_ISA=isa)
    assert are_in_int8(lines), lines


def test_uneven_pooling_is_computed_in_float_and_every_convolution_in_int8(pooled: ModelFiles) -> None:
    lines = convolutions(pooled, "int8")
    assert are_in_int8(lines), lines


def test_products_are_computed_in_float_and_every_convolution_in_int8(gated: ModelFiles) -> None:
    """With products in int8 Paddle reads one that gave uint8 as if it were int8, and does not run."""
    lines = convolutions(gated, "int8")
    assert are_in_int8(lines), lines


def test_paddles_int8_pass_leaves_resizing_to_onednn(quantised: ModelFiles) -> None:
    (line,) = logged("resampling", quantised, "int8")
    assert "src_f32" in line, line


def test_paddles_default_leaves_a_quantised_model_to_paddles_own_kernels(quantised: ModelFiles) -> None:
    """Its weights are floats by then; oneDNN, which alone could take them in int8, is off."""
    assert convolutions(quantised, "default") == []


def test_onnx_runtime_computes_convolutions_in_int8(quantised_onnx: Path, tmp_path: Path) -> None:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(str(quantised_onnx), options, providers=["CPUExecutionProvider"])
    kinds = [node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node]
    assert "QLinearConv" in kinds, kinds


@pytest.mark.parametrize("way", ["int8-f32", "int8"])
def test_openvino_computes_every_convolution_in_int8(
    candidates: tuple[Candidate, Candidate], way: str
) -> None:
    assert set(precisions(candidates[1], way)) <= {"i8", "u8"}


@pytest.mark.parametrize(("way", "precision"), [("f32", "f32"), ("default", None)])
def test_openvino_computes_a_float_model_as_it_says(
    candidates: tuple[Candidate, Candidate], way: str, precision: str | None
) -> None:
    session = open_in_openvino(candidates[0], way)
    assert precision in {None, session.precision}
    assert set(precisions(candidates[0], way)) == {session.precision}


def test_openvino_computes_in_int8_between_layers_too(joined: ModelFiles, tmp_path: Path) -> None:
    """Pooled, concatenated and resized values are int8 until the last layer gives scores."""
    onnx_file = export_onnx(joined, tmp_path / "model.onnx")
    session = OpenVinoSession(export_openvino(onnx_file, tmp_path / "model.xml"), 1, "f32")
    told = [one for one in layers(session) if one["layerType"] in BETWEEN]
    assert {one["layerType"] for one in told} == BETWEEN
    *before, last = told
    assert last["layerType"] == "Convolution"
    assert {one["outputPrecisions"] for one in before} <= {"i8", "u8"}, before
    read = [one["runtimePrecision"] for one in layers(session) if one["layerType"] == "Interpolate"]
    assert read == ["u8", "f32"]


def open_in_openvino(candidate: Candidate, name: str) -> OpenVinoSession:
    (way,) = (way for way in RUNTIMES["OpenVINO"].ways if way.name == name)
    session = way.open(candidate, 1)
    assert isinstance(session, OpenVinoSession)
    return session


def precisions(candidate: Candidate, way: str) -> list[str]:
    """Return what each convolution of the compiled model is computed in, as its execution graph says."""
    told = layers(open_in_openvino(candidate, way))
    found = [one["runtimePrecision"] for one in told if one["layerType"] == "Convolution"]
    assert len(found) == 4
    return found


def layers(session: OpenVinoSession) -> list[dict[str, str]]:
    """Return what the compiled model's execution graph says of each layer, in its order."""
    nodes = session.compiled.get_runtime_model().get_ordered_ops()
    keys = ("layerType", "runtimePrecision", "outputPrecisions")
    return [{key: node.get_rt_info()[key].astype(str) for key in keys} for node in nodes]
