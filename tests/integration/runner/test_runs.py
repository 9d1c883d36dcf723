"""Whole runs of the pod's program against a real object store."""

import hashlib
import json
import signal
import time

import pytest
from minio import Minio

from segcompress_api.conditions import Reason

from .runs import Runner, Running, Spec, changed


def read(admin: Minio, uri: str) -> bytes:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    response = admin.get_object(bucket, key)
    try:
        return bytes(response.data)
    finally:
        response.release_conn()


def test_run_publishes_what_it_says_and_the_next_one_is_reused(
    admin: Minio, runner: Runner, spec: Spec
) -> None:
    first = runner.run(spec)
    assert (first.code, first.result.reason) == (0, Reason.SUCCEEDED), first.log
    metrics, artifacts = first.result.metrics, first.result.artifacts
    assert metrics is not None
    assert metrics.compressed is not None
    assert metrics.compressed.sparsity == "0.5000"
    assert metrics.runtime == "PaddleInference"
    assert artifacts is not None
    assert artifacts.model is not None

    content = read(admin, artifacts.manifest.uri)
    assert hashlib.sha256(content).hexdigest() == artifacts.manifest.sha256
    manifest = json.loads(content)
    folder = artifacts.manifest.uri.rpartition("/")[0]
    files = {file["name"]: read(admin, f"{folder}/{file['path']}") for file in manifest["files"]}
    assert set(files) == {"model.pdmodel", "model.pdiparams", "result.json", "table.md"}
    for file in manifest["files"]:
        assert hashlib.sha256(files[file["name"]]).hexdigest() == file["sha256"]
    assert hashlib.sha256(files["model.pdiparams"]).hexdigest() == artifacts.model.sha256
    assert len(files["model.pdiparams"]) == metrics.compressed.size_bytes

    second = runner.run(changed(spec, "backoffLimit", 5))
    assert (second.code, second.result.reason) == (0, Reason.REUSED)
    assert second.result.artifacts == artifacts
    assert "Validate" not in second.log


def test_same_seed_gives_the_same_parameters(runner: Runner, spec: Spec) -> None:
    runs = [runner.run(changed(spec, "output.uri", f"{spec['output']['uri']}{number}/")) for number in (1, 2)]
    models = [run.result.artifacts.model for run in runs if run.result.artifacts]
    assert [run.result.reason for run in runs] == [Reason.SUCCEEDED] * 2
    assert models[0] is not None
    assert models[1] is not None
    assert models[0].sha256 == models[1].sha256


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


def test_upstreams_old_spelling_is_the_same_run(runner: Runner, spec: Spec) -> None:
    assert runner.run(spec).code == 0
    old = changed(spec, "strategy.UnstructurePrune.ratio", None)
    old = changed(old, "strategy.UnstructurePrune.pruned_ratio", 0.5)
    assert runner.run(old).result.reason == Reason.REUSED


def test_of_two_pods_at_once_one_publishes(runner: Runner, spec: Spec) -> None:
    ended = [running.wait() for running in [runner.start(spec), runner.start(spec)]]
    assert [run.code for run in ended] == [0, 0]
    assert {run.result.reason for run in ended} == {Reason.SUCCEEDED, Reason.REUSED}
    assert ended[0].result.artifacts == ended[1].result.artifacts


@pytest.mark.parametrize("stage", ["Validate", "Compress"])
def test_sigterm_ends_the_run_at_its_next_step(runner: Runner, spec: Spec, stage: str) -> None:
    running = runner.start(changed(spec, "strategy.TrainConfig.train_iter", 1_000_000))
    wait_for(running, f"{stage} started")
    running.process.send_signal(signal.SIGTERM)
    ended = running.wait()
    assert (ended.code, ended.result.reason) == (5, Reason.PREEMPTED), ended.log


def test_sigterm_while_the_store_is_away_ends_the_run(runner: Runner, spec: Spec) -> None:
    running = runner.start(spec, S3_ENDPOINT="http://127.0.0.1:9")
    wait_for(running, "out of reach")
    started = time.monotonic()
    running.process.send_signal(signal.SIGTERM)
    ended = running.wait()
    assert (ended.code, ended.result.reason) == (5, Reason.PREEMPTED), ended.log
    assert time.monotonic() - started < 30


def wait_for(running: Running, words: str) -> None:
    assert running.process.stdout is not None
    for line in running.process.stdout:
        if words in line:
            return
    raise AssertionError(f"the run ended without saying {words!r}")
