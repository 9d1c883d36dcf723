"""Networks of PaddleSeg from configuration and random weights to a verdict, at small inputs.

Figures say nothing of the strategies: each network must be exported, measured, trained for a few iterations,
exported to ONNX, and gated. `make networks` writes what was seen into docs/models.md. With ONLY it
runs those whose names hold the words and writes nothing; with RESUME=1 it runs those that were not seen yet.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from minio import Minio

from devcluster.objectstore import ObjectStore
from integration.runner.conftest import put
from integration.runner.published_files import published_files
from integration.runner.runs import Ended, Runner
from large import network_table, pictures
from large.networks import configuration
from segcompress_api.conditions import GATE_REASONS, Reason

SIDE = 64
WIDER = {"PP-LiteSeg": 128}
"""It pools into 4 x 4 bins at 1/32 of its input: paddle2onnx crashes where bins outnumber values."""

TRAIN = {"train_iter": 2, "eval_iter": 2, "learning_rate": 1e-6}
SPARSE = {"UnstructurePrune": {"ratio": 0.5, "local_sparsity": True}, "TrainConfig": TRAIN}
QUANTISED = {"QuantAware": {"quantize_op_types": ["conv2d", "depthwise_conv2d"]}, "TrainConfig": TRAIN}
SPARSE_ONES = ("BiSeNetV2", "UNet", "SegFormer-B0")


@pytest.fixture(scope="module")
def bucket(admin: Minio, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Put the pictures into a bucket; return its name."""
    folder = tmp_path_factory.mktemp("pictures")
    pictures.write_dataset(folder)
    admin.make_bucket("networks")
    for path in folder.iterdir():
        admin.fput_object("networks", f"dataset/{path.name}", str(path))
    return "networks"


def side(name: str) -> int:
    """Return height and width of a network's input."""
    return WIDER.get(name, SIDE)


def put_network(admin: Minio, bucket: str, name: str, folder: Path) -> dict[str, Any]:
    """Put a network's configuration and random weights into the bucket; return the spec's model."""
    config, weights = folder / "net.yml", folder / "model.pdparams"
    config.write_text(yaml.safe_dump(configuration(name)))
    program = Path(__file__).parents[1] / "integration/runner/networks.py"
    subprocess.run([sys.executable, str(program), config, weights], check=True, capture_output=True)
    for path in (config, weights):
        put(admin, bucket, f"{name}/{path.name}", path.read_bytes())
    return {
        "paddleseg": {
            "configUri": f"s3://{bucket}/{name}/net.yml",
            "weightsUri": f"s3://{bucket}/{name}/model.pdparams",
            "inputShape": [-1, 3, side(name), side(name)],
            "outputOp": "none",
        }
    }


Compress = Callable[[str], tuple[Ended, dict[str, Any], set[str]]]


@pytest.fixture
def compress(store: ObjectStore, admin: Minio, bucket: str, tmp_path: Path) -> Compress:
    """Return a function from a network to its run's end, result.json, and the names of the files."""

    def compress(name: str) -> tuple[Ended, dict[str, Any], set[str]]:
        shown = [{"type": "Resize", "target_size": [side(name), side(name)]}, {"type": "Normalize"}]
        spec = {
            "model": put_network(admin, bucket, name, tmp_path),
            "dataset": {
                "uri": f"s3://{bucket}/dataset/",
                "numClasses": pictures.CLASSES,
                "batchSize": 2,
                "trainTransforms": shown,
                "valTransforms": shown,
            },
            "strategy": SPARSE if name in SPARSE_ONES else QUANTISED,
            "benchmark": {"runtimes": ["PaddleInference", "ONNXRuntime"], "warmup": 0, "minQueries": 16},
            "acceptance": {"maxMiouDrop": "Unlimited"},
            "output": {"uri": f"s3://{bucket}/results/"},
            "storage": {"secretRef": {"name": "object-store"}},
            "runtime": {"device": "CPU"},
        }
        ended = Runner(store, tmp_path).run(spec)
        assert ended.result.artifacts is not None, ended.log
        files = published_files(admin, ended.result.artifacts.manifest.uri)
        return ended, files.result(), {*files.by_name}

    return compress


@pytest.mark.parametrize("name", network_table.wanted())
def test_network_from_its_configuration_to_a_verdict(compress: Compress, name: str) -> None:
    network_table.forget(name)
    ended, result, files = compress(name)
    assert ended.result.reason in {Reason.SUCCEEDED, *GATE_REASONS}, ended.log
    assert files >= {"baseline/model.pdmodel", "model.pdmodel", "model.onnx", "report.html"}
    missed = [gate["reason"] for gate in result["gates"] if not gate["passed"]]
    assert ended.result.reason == (missed[0] if missed else Reason.SUCCEEDED)
    assert result["training"]["iterations"] == TRAIN["train_iter"]
    for figures in (result["metrics"]["baseline"], result["metrics"]["compressed"]):
        assert float(figures["latencyMs"]) > 0
    network_table.keep(name, result)
