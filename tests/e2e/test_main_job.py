"""The main job: both examples by the demo's own functions, on the sample or on SEGCOMPRESS_TEST_DATA."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from minio import Minio

from demo.__main__ import EXAMPLES
from demo.jobs import NAMESPACE
from demo.table import results_table
from devcluster.audit import read_requests
from devcluster.cluster import Cluster
from e2e.kube import Kube, Operator, eventually
from e2e.main_job import Finished
from e2e.runs import Run
from segcompress_api.progress import Stage

EIGHT = {"Complete", "Failed", "Suspended", "Finished", "Accepted", "Ready", "Reconciling", "Stalled"}


@pytest.fixture(params=sorted(EXAMPLES))
def one(request: pytest.FixtureRequest, finished: dict[str, Finished]) -> Finished:
    return finished[request.param]


Read = Callable[[str], bytes]


@pytest.fixture
def read(store: Minio) -> Read:
    """Return a function that reads an object by its address."""

    def read(uri: str) -> bytes:
        parts = urlsplit(uri)
        response = store.get_object(parts.netloc, parts.path.lstrip("/"))
        try:
            return bytes(response.read())
        finally:
            response.close()
            response.release_conn()

    return read


def test_ends_well_with_every_condition(one: Finished) -> None:
    status = one.resource["status"]
    conditions = {found["type"]: found for found in status["conditions"]}
    assert set(conditions) == EIGHT
    assert {found["observedGeneration"] for found in conditions.values()} == {1}
    assert {type_ for type_, found in conditions.items() if found["status"] == "True"} == {
        "Complete",
        "Finished",
        "Accepted",
        "Ready",
    }
    assert conditions["Complete"]["reason"] == "Succeeded"
    assert status["phase"] == "Succeeded"


def test_keeps_its_promises(one: Finished) -> None:
    metrics, acceptance = one.metrics, one.asked["spec"]["acceptance"]
    drop = float(metrics["baseline"]["miou"]) - float(metrics["compressed"]["miou"])
    assert abs(drop - float(metrics["miouDrop"])) < 0.00011
    assert drop <= float(acceptance["maxMiouDrop"])
    assert float(metrics["baseline"]["miou"]) > 0.5
    for model in (metrics["baseline"], metrics["compressed"]):
        assert float(model["latencyMs"]) > 0
        assert model["sizeBytes"] > 0
    assert float(metrics["speedup"]) > 0
    assert metrics["processor"]
    assert metrics["threads"] == one.asked["spec"]["benchmark"]["threads"]
    assert metrics["worstClass"]["name"] in one.asked["spec"]["dataset"]["classNames"]


def test_tells_how_far_it_is_while_it_runs(one: Finished) -> None:
    assert one.progress  # a run of less than a minute may show one report alone: they are 30 s apart
    for progress in one.progress:
        assert progress["stage"] in set(Stage)
        assert 0 <= progress["step"] <= progress.get("totalSteps", progress["step"])
        assert 0 <= progress.get("percent", 0) <= 100
    times = [datetime.fromisoformat(progress["lastUpdateTime"]) for progress in one.progress]
    assert all((after - before).total_seconds() >= 30 for before, after in pairwise(times))
    assert "progress" not in one.resource["status"]


def test_training_tells_when_it_will_be_done(finished: dict[str, Finished]) -> None:
    trained = [each for each in finished["Sparse"].progress if each["stage"] == "Compress"]
    assert any(progress.get("etaSeconds", -1) >= 0 for progress in trained)


def test_sparsity_is_what_was_asked_for(finished: dict[str, Finished]) -> None:
    assert abs(float(finished["Sparse"].metrics["compressed"]["sparsity"]) - 0.75) <= 0.005
    assert "sparsity" not in finished["Quantised"].metrics["compressed"]


def test_manifest_vouches_for_every_file(one: Finished, read: Read) -> None:
    artifacts = one.resource["status"]["artifacts"]
    uri = artifacts["manifest"]["uri"]
    content = read(uri)
    assert hashlib.sha256(content).hexdigest() == artifacts["manifest"]["sha256"]
    manifest = json.loads(content)
    assert manifest["accepted"] is True
    assert manifest["processor"] == one.metrics["processor"]
    files = {file["name"]: file for file in manifest["files"]}
    assert {"model.pdmodel", "model.pdiparams", "model.onnx", "result.json"} <= set(files)
    for file in files.values():
        stored = read(f"{uri.partition('/measurements/')[0]}/{file['path']}")
        assert len(stored) == file["sizeBytes"]
        assert hashlib.sha256(stored).hexdigest() == file["sha256"]
    assert artifacts["model"]["sha256"] == files["model.pdiparams"]["sha256"]
    assert artifacts["onnx"]["sha256"] == files["model.onnx"]["sha256"]
    assert read(artifacts["onnx"]["uri"])
    assert artifacts["report"]["sha256"] == files["report.html"]["sha256"]
    assert b"<h2" in read(artifacts["report"]["uri"])


def test_result_tells_everything(one: Finished, read: Read) -> None:
    result = json.loads(read(one.resource["status"]["artifacts"]["model"]["uri"] + "result.json"))
    assert result["metrics"] == one.metrics
    assert result["accepted"] is True
    assert all(gate["passed"] for gate in result["gates"])
    assert [entry["name"] for entry in result["classes"]] == ["background", "person"]
    latencies = {entry["runtime"]: entry for entry in result["latencies"]}
    assert set(latencies) == {"PaddleInference", "ONNXRuntime"}
    for entry in latencies.values():
        for latency in (*entry["baseline"], *entry["compressed"]):
            assert 0 < latency["p50_ms"] <= latency["p90_ms"]
    evaluated = {(entry["runtime"], entry["variant"]) for entry in result["scores"]["compressed"]}
    assert {runtime for runtime, _ in evaluated} == set(latencies)
    assert result["training"]["history"]
    assert result["run"]["spec"]["seed"] == 0
    assert {"paddlepaddle", "paddleslim", "onnxruntime"} <= set(result["versions"])
    assert result["machine"]["cpu"]


def test_quantised_is_reported_with_and_without_the_int8_pass(
    finished: dict[str, Finished], read: Read
) -> None:
    uri = finished["Quantised"].resource["status"]["artifacts"]["model"]["uri"]
    latencies = json.loads(read(uri + "result.json"))["latencies"]
    paddle = next(entry for entry in latencies if entry["runtime"] == "PaddleInference")
    variants = {latency["variant"] for latency in paddle["compressed"]}
    assert len(variants) == 2
    assert paddle["deployed"] == "int8"


def test_table_holds_three_rows(finished: dict[str, Finished]) -> None:
    table = results_table({title: one.resource for title, one in finished.items()})
    for row in ("Baseline", "Sparse", "Quantised"):
        assert row in table
    assert finished["Sparse"].metrics["compressed"]["miou"] in table


def test_kubectl_get_shows_the_columns(one: Finished, kube: Kube) -> None:
    few = kube("get", "scj", "-n", NAMESPACE, one.name).splitlines()
    assert few[0].split() == ["NAME", "PHASE", "STAGE", "PROGRESS", "MIOU", "DROP", "SPEEDUP", "AGE"]
    metrics = one.metrics
    row = [one.name, "Succeeded", metrics["compressed"]["miou"], metrics["miouDrop"], metrics["speedup"]]
    assert few[1].split()[:5] == row
    head, wide = kube("get", "scj", "-n", NAMESPACE, one.name, "-o", "wide").splitlines()
    for column in ("STRATEGY", "SPARSITY", "SIZE", "ATTEMPTS", "MODEL URI"):
        assert column in head
    section = next(
        name for name in one.asked["spec"]["strategy"] if name in {"UnstructurePrune", "QuantAware"}
    )
    for value in (section, str(metrics["compressed"]["sizeBytes"]), "s3://compressed/"):
        assert value in wide


def test_kubectl_describe_and_wait(one: Finished, kube: Kube) -> None:
    printed = kube("describe", "scj", "-n", NAMESPACE, one.name)
    for words in ("Conditions:", "Metrics:", "Artifacts:", "Miou Drop:", "Events:"):
        assert words in printed
    wait = ("--for=condition=Finished", "--timeout=60s")
    assert "condition met" in kube("wait", "-n", NAMESPACE, f"scj/{one.name}", *wait)


def test_kubectl_explain_teaches(kube: Kube) -> None:
    printed = kube("explain", "scj.spec.strategy.UnstructurePrune")
    for words in ("Unstructured sparsity", "ratio", "Share of the weights that becomes zero.", "gmp_config"):
        assert words in printed


def test_api_requests_are_few(one: Finished, kube: Kube, operator: Operator) -> None:
    if kube.target.context:
        pytest.skip("not run: the audit log of a cluster of your own cannot be read from here")
    run = Run(kube, NAMESPACE, one.name)
    eventually(lambda: set(run.events()) & {"Succeeded"}, "the Event of its end", run.explain)
    counted = _requests(one, operator.user())
    assert counted.pop("create jobs 201") == 1
    assert 1 <= counted.pop("patch segcompressionjobs/status 200") <= 3 + len(one.progress)
    assert 1 <= counted.pop("create events 201") <= 3
    assert counted == Counter()


def _requests(one: Finished, user: str) -> Counter[str]:
    """Count the operator's requests about a resource, its Job and its Events, and lists; watches apart."""
    counted: Counter[str] = Counter()
    names = {one.name, one.resource["status"]["jobName"], ""}
    for made in read_requests(Path(str(Cluster(os.environ).status()["auditLog"])), user):
        own = made.name in names or made.name.startswith(f"{one.name}.")
        if own and made.namespace == NAMESPACE and made.answered_at >= one.since and made.verb != "watch":
            what = "/".join(filter(None, (made.resource, made.subresource)))
            counted[f"{made.verb} {what} {made.code}"] += 1
    return counted
