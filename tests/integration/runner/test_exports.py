"""Runs that measure on OpenVINO and MNN, or publish more than they measure on."""

import hashlib
import json
from pathlib import Path
from typing import Any

from minio import Minio

from segcompress_api.conditions import Reason

from . import tiny
from .conftest import put, read
from .runs import Ended, Runner, Spec, changed


def exporting(spec: Spec, runtimes: list[str], exports: list[str]) -> Spec:
    return changed(changed(spec, "benchmark.runtimes", runtimes), "exports", exports)


def told(admin: Minio, ended: Ended) -> dict[str, Any]:
    assert (ended.code, ended.result.reason) == (0, Reason.SUCCEEDED), ended.log
    assert ended.result.artifacts is not None
    assert ended.result.artifacts.report is not None
    uri = ended.result.artifacts.report.uri.replace("report.html", "result.json")
    return dict(json.loads(read(admin, uri)))


def test_a_run_measures_on_openvino_and_publishes_its_files(admin: Minio, runner: Runner, spec: Spec) -> None:
    ended = runner.run(exporting(spec, ["OpenVINO"], []))
    result = told(admin, ended)
    artifacts = ended.result.artifacts
    assert artifacts is not None
    assert artifacts.openvino is not None
    assert artifacts.openvino.uri.endswith("/model.xml")
    assert artifacts.onnx is None
    digests = {file["name"]: file["sha256"] for file in result["files"]}
    for name in ("model.xml", "model.bin"):
        published = read(admin, artifacts.openvino.uri.replace("model.xml", name))
        assert hashlib.sha256(published).hexdigest() == digests[name]
    (compared,) = result["latencies"]
    assert [one["variant"] for one in compared["baseline"]] == ["f32", "default"]
    assert compared["baseline"][0]["precision"] == "f32"
    assert result["metrics"]["runtime"] == "OpenVINO"
    assert [parity["artefact"] for parity in result["exports"]] == ["OpenVINO"]
    recommended = result["recommended"]
    assert (recommended["runtime"], recommended["files"]) == ("OpenVINO", ["model.xml", "model.bin"])
    assert set(recommended["files"]) <= set(digests)
    assert recommended["code"].startswith("threads = 1\n")
    assert "openvino" in result["versions"]
    assert "mnn" not in result["versions"]


def test_an_export_that_no_runtime_needs_is_evaluated_and_gated_but_not_timed(
    admin: Minio, runner: Runner, spec: Spec
) -> None:
    result = told(admin, runner.run(exporting(spec, ["PaddleInference", "MNN"], ["OpenVINO", "ONNX"])))
    assert [one["runtime"] for one in result["latencies"]] == ["PaddleInference", "MNN"]
    assert {"model.mnn", "model.xml", "model.bin", "model.onnx"} <= {file["name"] for file in result["files"]}
    evaluated = {side: {one["runtime"] for one in group} for side, group in result["scores"].items()}
    assert evaluated == {
        "baseline": {"PaddleInference", "MNN"},
        "compressed": {"PaddleInference", "MNN", "OpenVINO", "ONNXRuntime"},
    }
    messages = [gate["message"] for gate in result["gates"]]
    for name in ("OpenVINO", "ONNX", "MNN"):
        assert any(message.startswith(f"mIoU of the {name} file") for message in messages)


def test_a_model_that_cannot_be_exported_is_refused_before_the_training(
    admin: Minio, runner: Runner, spec: Spec, bucket: str, tmp_path: Path
) -> None:
    tiny.save(tmp_path, tiny.Unexportable)
    for path in tmp_path.glob("model.pd*"):
        put(admin, bucket, f"model/{path.name}", path.read_bytes())
    ended = runner.run(
        changed(exporting(spec, ["ONNXRuntime"], []), "model.inference.uri", f"s3://{bucket}/model/")
    )
    assert ended.result.reason == Reason.INVALID_SPEC, ended.log
    assert ended.result.message.startswith(
        "spec.benchmark.runtimes: the model model.pdmodel cannot be exported"
    )
    assert "Baseline started" in ended.log
    assert "Compress started" not in ended.log
