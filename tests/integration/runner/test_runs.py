"""Whole runs of the pod's program against a real object store."""

import hashlib
import html
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from minio import Minio

from devcluster.objectstore import ObjectStore
from segcompress_api.conditions import Reason
from segcompress_api.status import Artifact

from .conftest import VAL, make_spec, read
from .runs import Ended, Runner, Spec, changed


@dataclass(frozen=True)
class Pods:
    """Two pods that ran one spec at once."""

    spec: Spec
    ended: tuple[Ended, Ended]

    @property
    def first(self) -> Ended:
        """One of them: both end with the same published figures."""
        return self.ended[0]


@pytest.fixture(scope="module")
def pods(store: ObjectStore, admin: Minio, inputs: str, tmp_path_factory: pytest.TempPathFactory) -> Pods:
    admin.make_bucket("two-pods")
    runner, spec = Runner(store, tmp_path_factory.mktemp("two-pods")), make_spec(inputs, "two-pods")
    running = runner.start(spec), runner.start(spec)
    return Pods(spec, (running[0].wait(), running[1].wait()))


def test_of_two_pods_at_once_both_succeed_with_the_figures_that_came_first(pods: Pods) -> None:
    assert [run.code for run in pods.ended] == [0, 0], pods.ended[0].log + pods.ended[1].log
    reasons = [run.result.reason for run in pods.ended]
    assert Reason.REUSED in reasons
    assert {*reasons} <= {Reason.SUCCEEDED, Reason.REUSED}
    assert pods.ended[0].result.artifacts == pods.ended[1].result.artifacts
    assert pods.ended[0].result.metrics == pods.ended[1].result.metrics


def test_same_seed_gives_the_same_parameters(admin: Minio, pods: Pods) -> None:
    """One of the two may have found the other's weights, and left none of its own."""
    address = urlsplit(f"{folder_of(manifest_of(pods).uri)}/attempts/")
    found = admin.list_objects(address.netloc, prefix=address.path.lstrip("/"), recursive=True)
    names = [str(one.object_name) for one in found if str(one.object_name).endswith("model.pdiparams")]
    assert 1 <= len(names) <= len(pods.ended)
    assert len({read(admin, f"s3://{address.netloc}/{name}") for name in names}) == 1


def test_figures_are_those_of_the_run(pods: Pods) -> None:
    metrics = pods.first.result.metrics
    assert metrics is not None
    assert metrics.compressed is not None
    assert metrics.compressed.sparsity == "0.5000"
    assert metrics.runtime == "PaddleInference"
    assert metrics.baseline.boundary_iou is not None
    assert metrics.compressed.boundary_iou is not None
    drop = float(metrics.baseline.boundary_iou) - float(metrics.compressed.boundary_iou)
    assert float(metrics.boundary_iou_drop or "nan") == pytest.approx(drop, abs=0.00011)
    assert metrics.worst_class is not None
    assert metrics.worst_class.name in {"ground", "square"}


def test_manifest_names_every_file_with_its_digest(admin: Minio, pods: Pods) -> None:
    artifact = manifest_of(pods)
    content = read(admin, artifact.uri)
    assert hashlib.sha256(content).hexdigest() == artifact.sha256
    folder, files = folder_of(artifact.uri), json.loads(content)["files"]
    assert {file["name"] for file in files} == {
        "model.pdmodel",
        "model.pdiparams",
        "report.html",
        "result.json",
        "table.md",
    }
    for file in files:
        assert hashlib.sha256(read(admin, f"{folder}/{file['path']}")).hexdigest() == file["sha256"]


def test_report_tells_the_published_result(admin: Minio, pods: Pods) -> None:
    artifacts = pods.first.result.artifacts
    assert artifacts is not None
    assert artifacts.report is not None
    page = read(admin, artifacts.report.uri)
    assert hashlib.sha256(page).hexdigest() == artifacts.report.sha256
    told = json.loads(read(admin, artifacts.report.uri.replace("report.html", "result.json")))
    assert told["accepted"] is True
    compressed = told["metrics"]["compressed"]
    assert compressed["miou"] in page.decode()
    assert compressed["boundaryIou"] in page.decode()
    scored = told["scores"]["compressed"][0]
    assert scored["class_boundary_iou"] == [one["compressedBoundaryIou"] for one in told["classes"]]
    assert f"{scored['boundary_iou']:.4f}" == compressed["boundaryIou"]
    assert [point["iteration"] for point in told["training"]["losses"]] == [1, 2, 3, 4]
    assert len(told["pictures"]) == VAL
    assert all(html.escape(picture["name"]) in page.decode() for picture in told["pictures"])
    assert page.count(b"data:image/webp") == VAL
    for gate in told["gates"]:
        assert all(gate[part] in html.unescape(page.decode()) for part in ("gate", "asked", "measured"))


def test_report_of_a_bucket_is_fetched_and_replaces_no_other_file(
    store: ObjectStore, pods: Pods, tmp_path: Path
) -> None:
    artifacts = pods.first.result.artifacts
    assert artifacts is not None
    assert artifacts.report is not None
    keys = {"AWS_ACCESS_KEY_ID": store.access_key, "AWS_SECRET_ACCESS_KEY": store.secret_key}

    def report() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (sys.executable, "-m", "segcompress", "report", artifacts.manifest.uri),
            check=False,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=os.environ | {"S3_ENDPOINT": store.endpoint, **keys},
        )

    fetched = report()
    assert fetched.returncode == 0, fetched.stderr
    assert fetched.stdout.endswith("report:   report.html\n")
    digest = hashlib.sha256((tmp_path / "report.html").read_bytes()).hexdigest()
    assert digest == artifacts.report.sha256
    assert report().returncode == 0

    (tmp_path / "report.html").write_text("mine")
    refused = report()
    assert refused.returncode == 3
    assert "report.html: already exists with other content" in refused.stderr


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("backoffLimit", 5, id="other limits"),
        pytest.param(
            "strategy.UnstructurePrune",
            {"pruned_ratio": 0.5, "prune_params_type": "conv1x1_only", "local_sparsity": True},
            id="upstream's old spelling",
        ),
    ],
)
def test_same_run_is_reused_without_paddle(runner: Runner, pods: Pods, path: str, value: object) -> None:
    again = runner.run(changed(pods.spec, path, value))
    assert (again.code, again.result.reason) == (0, Reason.REUSED)
    assert again.result.artifacts == pods.first.result.artifacts
    assert "Validate" not in again.log


def test_missed_gate_is_published_and_missed_again_without_a_run(
    admin: Minio, runner: Runner, spec: Spec
) -> None:
    strict = changed(spec, "acceptance.minSparsity", "0.9")
    first = runner.run(strict)
    assert (first.code, first.result.reason) == (4, Reason.ACCEPTANCE_NOT_MET), first.log
    assert "0.5000" in first.result.message
    assert "0.9" in first.result.message
    assert first.result.metrics is not None
    assert first.result.artifacts is not None
    assert json.loads(read(admin, first.result.artifacts.manifest.uri))["accepted"] is False

    second = runner.run(strict)
    assert (second.code, second.result.reason) == (4, Reason.ACCEPTANCE_NOT_MET)
    assert second.result.metrics == first.result.metrics
    assert "Validate" not in second.log


@pytest.mark.parametrize("stage", ["Validate", "Compress"])
def test_sigterm_ends_the_run_at_its_next_step(runner: Runner, spec: Spec, stage: str) -> None:
    running = runner.start(changed(spec, "strategy.TrainConfig.train_iter", 1_000_000))
    running.wait_for(f"{stage} started")
    running.process.send_signal(signal.SIGTERM)
    ended = running.wait()
    assert (ended.code, ended.result.reason) == (5, Reason.PREEMPTED), ended.log


def test_no_process_of_a_run_shows_the_credentials(runner: Runner, spec: Spec) -> None:
    slow = changed(spec, "strategy.TrainConfig.train_iter", 1_000_000)
    running = runner.start(slow, SEGCOMPRESS_THREADS="2", AWS_SECRET_ACCESS_KEY_NOTE="kept")
    running.wait_for("Compress step")
    shown = [environment for pid in family(running.process.pid) if (environment := environment_of(pid))]
    running.process.send_signal(signal.SIGTERM)
    running.wait()
    assert len(shown) > 1, "no loader worker was seen"
    assert all(b"SECRET_ACCESS_KEY_NOTE=kept" in environment for environment in shown)
    assert not any(b"AWS_SECRET_ACCESS_KEY=" in environment for environment in shown)


def environment_of(pid: int) -> bytes:
    """Return what a process was started with, b"" where it has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def family(pid: int) -> list[int]:
    """Return a process and its descendants."""
    children = Path(f"/proc/{pid}/task").glob("*/children")
    below = [int(child) for file in children for child in file.read_text().split()]
    return [pid, *(member for child in below for member in family(child))]


def test_sigterm_while_the_store_is_away_ends_the_run(runner: Runner, spec: Spec) -> None:
    running = runner.start(spec, S3_ENDPOINT="http://127.0.0.1:9")
    running.wait_for("out of reach")
    running.process.send_signal(signal.SIGTERM)
    ended = running.wait()
    assert (ended.code, ended.result.reason) == (5, Reason.PREEMPTED), ended.log


def folder_of(manifest: str) -> str:
    """Return the folder of the model key, which paths in manifests are relative to."""
    return manifest.partition("/measurements/")[0]


def manifest_of(pods: Pods) -> Artifact:
    assert pods.first.result.artifacts is not None
    return pods.first.result.artifacts.manifest
