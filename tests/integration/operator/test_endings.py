"""Every row of the table of endings in the API's documentation, seen on a real API server.

What is tried again is in test_retries, what waits in test_waiting. The Job controller is real; the tests play
the kubelet.
"""

import pytest

from integration.operator.api import eventually
from integration.operator.ends import PUBLISHED, failed, succeeded
from integration.operator.objects import ARTIFACTS, METRICS, result
from integration.operator.stage import Stage, spec


def test_succeeded_with_metrics_and_artifacts(stage: Stage) -> None:
    stage.apply(spec())
    pod = stage.runs()
    stage.exits(pod, 0, result("Succeeded", **PUBLISHED))
    succeeded(stage, "Succeeded")
    status = stage.status()
    assert status["metrics"] == METRICS
    assert status["artifacts"] == ARTIFACTS
    assert status["strategy"] == "UnstructurePrune"
    assert status["attempts"] == {"failed": 0, "preempted": 0}
    assert status["startTime"] <= status["completionTime"]
    eventually(lambda: {e["reason"] for e in stage.events()} == {"Started", "Succeeded"}, "both Events")


def test_reused_ends_well(stage: Stage) -> None:
    stage.apply(spec())
    stage.exits(
        stage.pod(), 0, result("Reused", "found s3://compressed/humanseg/k/manifest.json", **PUBLISHED)
    )
    succeeded(stage, "Reused")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param(
            {
                "strategy": {
                    "UnstructurePrune": {"ratio": 0.75},
                    "TrainConfig": {"train_iter": 9, "learning_rate": {"type": "Cosine"}},
                }
            },
            "spec.strategy.TrainConfig.learning_rate.type",
            id="free-form leaf",
        ),
        pytest.param(
            {"runtime": {"device": "CPU", "image": "docker.io/evil/runner:1"}},
            "spec.runtime.image",
            id="image not allowed",
        ),
        pytest.param(
            {"runtime": {"device": "CPU", "resources": {"requests": {"cpu": "4"}, "limits": {"cpu": "2"}}}},
            "requests",
            id="what the API server refuses in the pod",
        ),
    ],
)
def test_invalid_spec_fails_without_a_job(stage: Stage, changes: dict[str, object], field: str) -> None:
    stage.apply(spec(**changes))
    assert field in failed(stage, "InvalidSpec")
    assert stage.jobs() == []


@pytest.mark.usefixtures("_deep_json")
def test_spec_that_is_nested_deeply_fails_alone(stage: Stage) -> None:
    node: object = "relu_30.tmp_0"
    for _ in range(5000):
        node = [node]
    stage.apply(spec(strategy={**spec()["strategy"], "Distillation": {"node": node}}))
    assert failed(stage, "InvalidSpec").startswith(
        "spec.strategy.Distillation.node: must be nested at most 64"
    )
    other = Stage(stage.api, stage.namespace, "other")
    other.apply(spec())
    other.waits("Pending")


@pytest.mark.parametrize("reason", ["InvalidSpec", "InputNotFound", "InvalidInput", "StorageAccessDenied"])
def test_exit_3_is_final_with_the_runners_reason(stage: Stage, reason: str) -> None:
    stage.apply(spec())
    stage.exits(stage.runs(), 3, result(reason, "train.txt line 7: images/7.jpg is missing"))
    assert failed(stage, reason) == "train.txt line 7: images/7.jpg is missing"
    assert len(stage.api.list("pods", stage.namespace)) == 1


@pytest.mark.parametrize("reason", ["AcceptanceNotMet", "SparsityNotReached", "ExportMismatch"])
def test_missed_gate_is_final_and_keeps_what_was_measured(stage: Stage, reason: str) -> None:
    stage.apply(spec())
    stage.exits(stage.runs(), 4, result(reason, "sparsity 0.61 is below 0.745", **PUBLISHED))
    assert failed(stage, reason) == "sparsity 0.61 is below 0.745"
    accepted = stage.condition("Accepted")
    assert (accepted["status"], accepted["reason"]) == ("False", reason)
    assert stage.status()["metrics"] == METRICS
    assert stage.status()["artifacts"] == ARTIFACTS
    assert stage.status()["attempts"]["failed"] == 1


def test_crash_ends_with_the_last_log_lines(stage: Stage) -> None:
    stage.apply(spec(backoffLimit=0))
    stage.exits(stage.runs(), 1, "Traceback (most recent call last):\nValueError: broken program")
    message = failed(stage, "BackoffLimitExceeded")
    assert "RunnerCrashed" in message
    assert "ValueError: broken program" in message
