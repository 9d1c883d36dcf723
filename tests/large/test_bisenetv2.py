"""BiSeNetV2 at 1x3x512x1024, as it is exported for Cityscapes, from the bucket to a verdict.

Once from its configuration and weights, which the run exports, and once exported before.

Random weights and two iterations: figures say nothing of the strategies, but every stage takes a model of
this size, exported for one picture and trained in batches of two.
"""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from minio import Minio

from devcluster.objectstore import ObjectStore
from integration.runner.published_files import published_files
from integration.runner.runs import Ended, Runner
from large import pictures
from large.networks import configuration
from segcompress_api.conditions import GATE_REASONS, Reason
from segcompress_api.contract import ExitCode

PEAK_MIB = 4096
"""The runs take about 3,000 MiB; a second copy of a batch's activations would show."""

SIZE = {"type": "Resize", "target_size": [pictures.WIDTH, pictures.HEIGHT]}
TRAIN_CONFIG = {
    "train_iter": 2,
    "eval_iter": 2,
    "learning_rate": 1e-6,
    "optimizer_builder": {"optimizer": {"type": "SGD"}},
}
SPARSE = {
    "UnstructurePrune": {"ratio": 0.75, "prune_params_type": "conv1x1_only", "local_sparsity": True},
    "TrainConfig": TRAIN_CONFIG,
}
QUANTISED = {
    "QuantAware": {"quantize_op_types": ["conv2d", "depthwise_conv2d"]},
    "TrainConfig": TRAIN_CONFIG,
}


@pytest.fixture(scope="module")
def inputs(admin: Minio, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Put the model, exported and as a network, and pictures into a bucket; return its name."""
    folder = tmp_path_factory.mktemp("large")
    for name in ("model", "network", "dataset"):
        (folder / name).mkdir()
    size = ("1", str(pictures.HEIGHT), str(pictures.WIDTH))
    make("exported.py", "BiSeNetV2", str(folder / "model"), *size)
    config = folder / "network" / "bisenetv2.yml"
    config.write_text(yaml.safe_dump(configuration("BiSeNetV2")))
    make("networks.py", str(config), str(config.with_name("model.pdparams")))
    pictures.write_dataset(folder / "dataset")
    admin.make_bucket("large")
    for path in folder.rglob("*.*"):
        admin.fput_object("large", path.relative_to(folder).as_posix(), str(path))
    return "large"


def make(program: str, *arguments: str) -> None:
    """Run one of the programs that make models with random weights."""
    path = Path(__file__).parents[1] / "integration" / "runner" / program
    subprocess.run([sys.executable, str(path), *arguments], check=True, capture_output=True)


def exported(bucket: str) -> dict[str, Any]:
    """Return a spec's model: an inference model."""
    return {"inference": {"uri": f"s3://{bucket}/model/"}}


def network(bucket: str) -> dict[str, Any]:
    """Return a spec's model: a configuration and weights."""
    return {
        "paddleseg": {
            "configUri": f"s3://{bucket}/network/bisenetv2.yml",
            "weightsUri": f"s3://{bucket}/network/model.pdparams",
            "inputShape": [1, 3, pictures.HEIGHT, pictures.WIDTH],
            "outputOp": "softmax",
        }
    }


@dataclass(frozen=True)
class Compressed:
    """A run that came to a verdict, and its result.json."""

    ended: Ended
    result: dict[str, Any]
    names: frozenset[str]
    """Of the files that its manifest names."""


Compress = Callable[[dict[str, Any], dict[str, Any], str], Compressed]


@pytest.fixture
def compress(store: ObjectStore, admin: Minio, inputs: str, tmp_path: Path) -> Compress:
    """Return a function that runs the pod's program to its end."""

    def compress(model: dict[str, Any], strategy: dict[str, Any], runtime: str) -> Compressed:
        spec = {
            "model": model,
            "dataset": {
                "uri": f"s3://{inputs}/dataset/",
                "numClasses": pictures.CLASSES,
                "batchSize": 2,
                "trainTransforms": [SIZE, {"type": "RandomHorizontalFlip"}, {"type": "Normalize"}],
                "valTransforms": [SIZE, {"type": "Normalize"}],
            },
            "strategy": strategy,
            "benchmark": {"runtimes": [runtime], "warmup": 0, "minQueries": 16},
            "output": {"uri": f"s3://{inputs}/results/"},
            "storage": {"secretRef": {"name": "object-store"}},
            "runtime": {"device": "CPU"},
        }
        ended = Runner(store, tmp_path).run(spec)
        assert ended.result.artifacts is not None, ended.log
        files = published_files(admin, ended.result.artifacts.manifest.uri)
        return Compressed(ended, files.result(), frozenset(files.by_name))

    return compress


def check_verdict(run: Compressed) -> None:
    """Check that the end of a run is what its gates say."""
    missed = [gate["reason"] for gate in run.result["gates"] if not gate["passed"]]
    expected = (missed[0], ExitCode.GATE_MISSED) if missed else (Reason.SUCCEEDED, ExitCode.SUCCEEDED)
    assert (run.ended.result.reason, run.ended.code) == expected, run.ended.log
    assert run.result["accepted"] is (run.ended.result.reason not in GATE_REASONS)
    assert {gate["message"].split(" on ")[0] for gate in run.result["gates"]} >= {"mIoU"}


def check_figures(run: Compressed) -> None:
    """Check that both models were measured, in status and result.json alike."""
    metrics = run.ended.result.metrics
    assert metrics is not None
    assert metrics.compressed is not None
    for figures in (metrics.baseline, metrics.compressed):
        assert 0 <= float(figures.miou) <= 1
        assert float(figures.latency_ms or 0) > 0
    assert run.result["metrics"] == metrics.to_wire()
    assert run.result["training"]["iterations"] == TRAIN_CONFIG["train_iter"]
    assert run.ended.peak_mib < PEAK_MIB


def test_sparse_from_configuration_to_verdict(compress: Compress, inputs: str) -> None:
    run = compress(network(inputs), SPARSE, "PaddleInference")
    check_verdict(run)
    check_figures(run)
    assert float(run.result["metrics"]["compressed"]["sparsity"]) == pytest.approx(0.75, abs=0.005)
    assert run.names >= {"model.pdmodel", "model.pdiparams", "result.json", "report.html"}
    assert run.names >= {"baseline/model.pdmodel", "baseline/model.pdiparams"}


def test_quantised_from_fetch_to_verdict(compress: Compress, inputs: str) -> None:
    run = compress(exported(inputs), QUANTISED, "ONNXRuntime")
    check_verdict(run)
    check_figures(run)
    metrics = run.result["metrics"]
    assert metrics["variant"] == "int8"
    assert metrics["compressed"]["sizeBytes"] < 0.5 * metrics["baseline"]["sizeBytes"]
    assert run.names >= {"model.pdmodel", "model.pdiparams", "model.onnx", "result.json", "report.html"}
