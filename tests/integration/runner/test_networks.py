"""A network of PaddleSeg from its configuration and weights to a report, and what is refused of both."""

import hashlib
import os
import pickle
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
from minio import Minio

from segcompress_api.conditions import GATE_REASONS, Reason
from segcompress_runner.inputs.model import ModelFiles, inspect_model
from segcompress_runner.measurement.runtimes.paddle_inference import paddle_predictor

from .conftest import put
from .published_files import PublishedFiles, published_files
from .runs import Ended, Runner, Spec, changed

with warnings.catch_warnings():
    # PaddleSeg's sources hold invalid escapes, which Python minds where it compiles them.
    warnings.simplefilter("ignore")
    from segcompress_runner.inputs.networks import exporter

CONFIG = """
batch_size: 64
model:
  type: PPHumanSegLite
  num_classes: 2
  pretrained: https://example.com/never-fetched.pdparams
"""
SECTION = {"type": "PPHumanSegLite", "num_classes": 2}
SIZE = 32
AS_IN_THE_SPEC = {"inputShape": [-1, 3, SIZE, SIZE], "outputOp": "none"}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the network's weights, an input, and the network's own scores for it."""
    folder = tmp_path_factory.mktemp("network")
    (folder / "net.yml").write_text(CONFIG)
    program = Path(__file__).with_name("networks.py")
    command = [sys.executable, str(program), "net.yml", "model.pdparams", str(SIZE), str(SIZE)]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    return folder


@pytest.fixture
def network_spec(spec: Spec, admin: Minio, bucket: str, saved: Path) -> Spec:
    """Return a spec of the network, pruned in two iterations."""
    for name in ("net.yml", "model.pdparams"):
        put(admin, bucket, f"model/{name}", (saved / name).read_bytes())
    spec["strategy"]["TrainConfig"] = {"train_iter": 2, "eval_iter": 2, "learning_rate": 1e-6}
    spec["model"] = {
        "paddleseg": {
            "configUri": f"s3://{bucket}/model/net.yml",
            "weightsUri": f"s3://{bucket}/model/model.pdparams",
            **AS_IN_THE_SPEC,
        }
    }
    return spec


def files_of(admin: Minio, ended: Ended) -> PublishedFiles:
    assert ended.result.artifacts is not None, ended.log
    return published_files(admin, ended.result.artifacts.manifest.uri)


def test_a_network_is_exported_compressed_measured_and_published_with_its_baseline(
    runner: Runner, admin: Minio, network_spec: Spec, saved: Path, tmp_path: Path
) -> None:
    bucket = network_spec["output"]["uri"].split("/")[2]
    ended = runner.run(network_spec)
    assert ended.result.reason in {Reason.SUCCEEDED, *GATE_REASONS}, ended.log
    assert "spec.model.paddleseg.configUri: without effect are batch_size" in ended.log
    assert "model.pretrained is not followed" in ended.log
    files = files_of(admin, ended)
    assert {"model.pdmodel", "model.pdiparams", "report.html", "result.json"} < files.by_name.keys()
    baseline = []
    for name in ("baseline/model.pdmodel", "baseline/model.pdiparams"):
        content = files.read(name)
        assert hashlib.sha256(content).hexdigest() == files.by_name[name]["sha256"]
        baseline.append(tmp_path / Path(name).name)
        baseline[-1].write_bytes(content)

    gives = paddle_predictor(ModelFiles(*baseline))(np.load(saved / "input.npy"))
    np.testing.assert_allclose(gives, np.load(saved / "scores.npy"), atol=1e-4)

    assert answered(tmp_path / "again", saved / "model.pdparams", SECTION, **AS_IN_THE_SPEC) == {}
    for path in baseline:
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()
    assert set(files.result()["run"]["inputs"]["model"]) == {"model.pdparams", "model section"}

    moved = changed(network_spec, "model.paddleseg.configUri", f"s3://{bucket}/elsewhere/other.yml")
    put(admin, bucket, "elsewhere/other.yml", f"# with a comment\n{CONFIG}".encode())
    second = runner.run(moved)
    if ended.result.reason == Reason.SUCCEEDED:
        assert second.result.reason == Reason.REUSED, second.log
    assert files_of(admin, second) == files


def test_a_preset_looks_at_the_network_as_it_is_exported(
    runner: Runner, admin: Minio, network_spec: Spec
) -> None:
    ended = runner.run(changed(network_spec, "strategy", {"preset": "PostTrainingQuantization"}))
    assert ended.result.reason in {Reason.SUCCEEDED, *GATE_REASONS}, ended.log
    assert "preset PostTrainingQuantization chose the settings for" in ended.log
    assert ended.log.count("without effect are batch_size") == 1
    files = files_of(admin, ended)
    chosen = files.result()["training"]["strategy"]
    assert chosen["QuantPost"]["quantize_op_types"] == ["conv2d", "depthwise_conv2d"]

    written = runner.run(changed(network_spec, "strategy", chosen))
    assert files_of(admin, written).manifest["modelKey"] == files.manifest["modelKey"]


def answered(folder: Path, weights: Path, section: dict[str, Any], **request: Any) -> dict[str, Any]:
    """Return the answer of the program that exports, asked in this process."""
    asked = {
        "section": section,
        "weights": str(weights),
        "inputShape": [1, 3, SIZE, SIZE],
        "outputOp": "argmax",
        "into": str(folder),
        **request,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return exporter.answer(asked)


@pytest.mark.parametrize(
    ("output_op", "batch", "shape"),
    [
        pytest.param("softmax", -1, (-1, 2, -1, -1), id="probabilities of a free batch"),
        pytest.param("argmax", 1, (1, -1, -1), id="class ids"),
    ],
)
def test_output_is_what_pictures_are_classified_by(
    saved: Path, tmp_path: Path, output_op: str, batch: int, shape: tuple[int, ...]
) -> None:
    asked = {"outputOp": output_op, "inputShape": [batch, 3, SIZE, SIZE]}
    assert answered(tmp_path, saved / "model.pdparams", SECTION, **asked) == {}
    assert {path.name for path in tmp_path.iterdir()} == {"model.pdmodel", "model.pdiparams"}
    files = ModelFiles(tmp_path / "model.pdmodel", tmp_path / "model.pdiparams")
    info = inspect_model(files)
    assert (info.input_shape, info.output_shape) == ((batch, 3, SIZE, SIZE), shape)
    scores = np.load(saved / "scores.npy")
    exponents = np.exp(scores - scores.max(1, keepdims=True))
    expected = {
        "softmax": exponents / exponents.sum(1, keepdims=True),
        "argmax": scores.argmax(1),
    }[output_op]
    gives = paddle_predictor(files)(np.load(saved / "input.npy"))
    assert np.mean(~np.isclose(gives, expected, atol=1e-4)) < 0.002


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        pytest.param(
            {"type": "PPHumanSegLight"},
            "model.type: PPHumanSegLight is not a network of PaddleSeg 2.8.0; did you mean PPHumanSegLite?",
            id="network",
        ),
        pytest.param(
            {"type": "FCN", "num_classes": 2, "backbone": {"type": "HRNet_W19"}},
            "model.backbone.type: HRNet_W19 is not a network of PaddleSeg 2.8.0; did you mean HRNet_W18?",
            id="backbone",
        ),
        pytest.param({"type": "Dataset", "dataset_root": "etc"}, "model.type: Dataset is no", id="a dataset"),
        pytest.param(
            {**SECTION, "width": 2}, "model: PPHumanSegLite cannot be built (", id="an unknown argument"
        ),
        pytest.param({"type": "FCN", "num_classes": 2}, "missing 1 required positional", id="no backbone"),
        pytest.param(
            {"type": "PPLiteSeg", "num_classes": 2, "backbone": {"type": "STDC1"}, "arm_type": "UAFM"},
            "",
            id="a word that is evaluated",
        ),
        pytest.param({"type": "PPHumanSegLite", "num_classes": "two"}, "cannot be built", id="a wrong value"),
    ],
)
def test_what_cannot_be_built_is_named(
    saved: Path, tmp_path: Path, section: dict[str, Any], problem: str
) -> None:
    answer = answered(tmp_path, saved / "model.pdparams", section)
    assert answer["wrong"] == ("config" if problem else "weights")
    assert problem in answer["problem"]


class Gives(paddle.nn.Layer):  # type: ignore[misc]  # Paddle ships no types
    """A network with another output than segmentation has."""

    def __init__(self, of: Callable[[Any], Any]) -> None:
        super().__init__()
        self.conv, self.of = paddle.nn.Conv2D(3, 2, 1), of

    def forward(self, x: Any) -> Any:
        return self.of(self.conv(x))


@pytest.mark.parametrize(
    ("of", "problem"),
    [
        pytest.param(
            lambda y: {"masks": y}, "model.type: the network gives a dict, not scores N x", id="dict"
        ),
        pytest.param(lambda y: [y.mean(1)], "the network gives an output of rank 3, not scores", id="rank"),
        pytest.param(
            lambda y: [y.reshape([7, 2, 3, 3])], "exported for the input [1, 3, 8, 8] (", id="shape"
        ),
    ],
)
def test_network_that_gives_no_scores_is_refused(tmp_path: Path, of: Any, problem: str) -> None:
    request = {"inputShape": [1, 3, 8, 8], "outputOp": "none", "into": str(tmp_path)}
    with pytest.raises(ValueError, match=re.escape(problem)):
        exporter.export(Gives(of), request)


def test_parameters_that_do_not_fit_are_named(saved: Path, tmp_path: Path) -> None:
    state = pickle.loads((saved / "model.pdparams").read_bytes())  # noqa: S301 - made by this test
    del state["conv_bn0._conv.weight"]
    state["head.weight"] = np.zeros(3, np.float32)
    state["conv_bn1._conv.weight"] = np.zeros((18, 36, 3, 3), np.float32)
    state["conv_bn1._batch_norm.bias"] = state["conv_bn1._batch_norm.bias"].astype(np.float16)
    (tmp_path / "other.pdparams").write_bytes(pickle.dumps(state))
    answer = answered(tmp_path, tmp_path / "other.pdparams", SECTION)
    assert answer == {
        "wrong": "weights",
        "problem": "has no value for conv_bn0._conv.weight; "
        "holds what the network does not have: head.weight; "
        "holds other shapes or types than the network has: "
        "conv_bn1._conv.weight (18x36x3x3 float32, not 18x36x1x1 float32), "
        "conv_bn1._batch_norm.bias (18 float16, not 18 float32)",
    }


class Hostile:
    def __reduce__(self) -> Any:
        return os.system, ("touch pwned",)


def test_run_names_the_field_of_what_is_wrong_and_runs_nothing(
    network_spec: Spec, admin: Minio, bucket: str, runner: Runner
) -> None:
    put(admin, bucket, "model/model.pdparams", pickle.dumps({"w": Hostile()}))
    ended = runner.run(network_spec)
    assert (ended.code, ended.result.reason) == (3, Reason.INVALID_INPUT), ended.log
    assert ended.result.message.startswith(
        "spec.model.paddleseg.weightsUri: names posix.system, which no array"
    )
    assert ended.result.message.endswith(f"(in s3://{bucket}/model/model.pdparams)")
    assert not Path("pwned").exists()
