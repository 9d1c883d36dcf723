"""A stored spec stays as it is; labels, `suspend` and the ttl may change."""

import json
from typing import Any

import pytest

from integration.api.kubectl import DRY, Answer, Kubectl
from segcompress_api.schema import job_crd
from unit.api.jobs import Body, changed, job

_CHANGES: dict[str, tuple[str, Any]] = {
    "model": ("spec.model.inference.uri", "s3://models/other/"),
    "dataset": ("spec.dataset.batchSize", 8),
    "strategy": ("spec.strategy.TrainConfig.learning_rate", 0.5),
    "benchmark": ("spec.benchmark.threads", 2),
    "acceptance": ("spec.acceptance.minSparsity", "0.7"),
    "exports": ("spec.exports", ["OpenVINO"]),
    "output": ("spec.output.uri", "s3://compressed/other/"),
    "storage": ("spec.storage.secretRef.name", "other"),
    "runtime": ("spec.runtime.device", "CPU"),
    "seed": ("spec.seed", 1),
    "backoffLimit": ("spec.backoffLimit", 3),
    "preemptionLimit": ("spec.preemptionLimit", 3),
    "activeDeadlineSeconds": ("spec.activeDeadlineSeconds", 60),
}


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        *(pytest.param(path, value, field, id=field) for field, (path, value) in _CHANGES.items()),
        pytest.param("spec.strategy.Distillation", None, "strategy", id="a section taken away"),
        pytest.param("spec.strategy.Distillation.distill_lambda", 2, "strategy", id="a free-form leaf"),
        pytest.param(
            "spec.strategy.TrainConfig.optim_args.weight_decay", 0.1, "strategy", id="within a free-form leaf"
        ),
        pytest.param("spec.dataset.trainTransforms", [{"type": "Normalize"}], "dataset", id="a list"),
        pytest.param("spec.runtime.priorityClassName", "high", "runtime", id="a field that was not set"),
    ],
)
def test_the_spec_is_immutable(kubectl: Kubectl, stored: Body, path: str, value: object, field: str) -> None:
    answer = kubectl.send("replace", changed(stored, path, value), DRY)

    assert answer.code != 0
    assert f"spec.{field} is immutable: create another SegCompressionJob" in answer.err


def test_number_is_sent_again_as_it_is_stored(kubectl: Kubectl, stored: Body) -> None:
    """Python writes 1.0, Go stores 1, and CEL takes them for two values where a setting is free-form."""
    rate = "spec.strategy.TrainConfig.learning_rate"
    name = "whole-number"
    body = changed(changed(stored, rate, 1.0), "metadata", {"name": name, "namespace": "default"})
    assert kubectl.send("create", body).code == 0
    kept = kubectl.get(name)

    def sent(number: float) -> Answer:
        address = f"/apis/segcompress.dev/v1alpha1/namespaces/default/segcompressionjobs/{name}?dryRun=All"
        manifest = json.dumps(changed(kept, rate, number))
        return kubectl.run("replace", f"--raw={address}", "-f", "-", stdin=manifest)

    assert sent(1).code == 0
    assert "send numbers as they are stored: 1, not 1.0" in sent(1.0).err


@pytest.fixture(scope="module")
def stored(kubectl: Kubectl) -> Body:
    kubectl.send("create", changed(job("immutable"), "spec.ttlSecondsAfterFinished", 60))
    return kubectl.get("immutable")


def test_those_rows_cover_every_field_but_two() -> None:
    spec = job_crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]

    assert set(_CHANGES) == set(spec["properties"]) - {"suspend", "ttlSecondsAfterFinished"}


@pytest.mark.parametrize(
    "value",
    [pytest.param(0, id="shorter"), pytest.param(3600, id="longer"), pytest.param(None, id="taken away")],
)
def test_the_ttl_may_change(kubectl: Kubectl, stored: Body, value: int | None) -> None:
    answer = kubectl.send("replace", changed(stored, "spec.ttlSecondsAfterFinished", value), DRY)

    assert answer.code == 0, answer.err


def test_a_run_may_be_suspended(kubectl: Kubectl, stored: Body) -> None:
    answer = kubectl.send("replace", changed(stored, "spec.suspend", True), DRY)  # noqa: FBT003 - its value

    assert answer.code == 0, answer.err


def test_labels_may_change(kubectl: Kubectl, stored: Body) -> None:
    answer = kubectl.send("replace", changed(stored, "metadata.labels", {"team": "vision"}), DRY)

    assert answer.code == 0, answer.err
