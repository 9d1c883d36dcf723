"""Pods that fail and are replaced, and what counts as a failure.

The Job controller is real, so its podFailurePolicy decides what is retried; the tests play the kubelet.
"""

from integration.operator.ends import PUBLISHED, attempts, failed, succeeded
from integration.operator.objects import result
from integration.operator.stage import Stage, spec


def test_unreachable_storage_is_retried_and_counts(stage: Stage) -> None:
    stage.apply(spec())
    first = stage.runs()
    words = "http://minio:9000 did not answer for 300 s"
    stage.exits(first, 6, result("StorageUnreachable", words))
    assert words in stage.reaches("Reconciling", "Retrying")["message"]
    assert stage.status()["phase"] == "Running"
    assert stage.status()["attempts"]["failed"] == 1
    stage.exits(stage.pod(first["metadata"]["name"]), 6, result("StorageUnreachable", words))
    message = failed(stage, "BackoffLimitExceeded")
    assert "StorageUnreachable" in message
    assert words in message
    assert stage.status()["attempts"]["failed"] == 2


def test_retry_that_succeeds_ends_well(stage: Stage) -> None:
    stage.apply(spec())
    first = stage.runs()
    stage.exits(first, 1, "Traceback\nMemoryError")
    stage.reaches("Reconciling", "Retrying")
    stage.exits(stage.pod(first["metadata"]["name"]), 0, result("Succeeded", **PUBLISHED))
    succeeded(stage, "Succeeded")
    assert stage.status()["attempts"]["failed"] == 1


def test_preempted_runner_gets_a_new_pod_and_no_failure(stage: Stage) -> None:
    stage.apply(spec(backoffLimit=0))
    first = stage.runs()
    stage.exits(first, 5, result("Preempted", "asked to stop at step 40"))
    stage.reaches("Reconciling", "Preempted")
    second = stage.pod(first["metadata"]["name"])
    stage.runs(second)
    assert attempts(stage) == (0, 1)
    stage.exits(second, 0, result("Succeeded", **PUBLISHED))
    succeeded(stage, "Succeeded")
    assert attempts(stage) == (0, 1)


def test_evicted_pod_is_preempted(stage: Stage) -> None:
    stage.apply(spec(backoffLimit=0))
    first = stage.runs()
    disrupted = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}
    stage.exits(first, 137, conditions=[disrupted], reason="Error")
    stage.reaches("Reconciling", "Preempted")
    stage.runs(stage.pod(first["metadata"]["name"]))
    assert attempts(stage) == (0, 1)


def test_out_of_memory_is_retried_and_counts(stage: Stage) -> None:
    stage.apply(spec())
    first = stage.runs()
    stage.exits(first, 137, reason="OOMKilled")
    assert "OutOfMemory" in stage.reaches("Reconciling", "Retrying")["message"]
    stage.exits(stage.pod(first["metadata"]["name"]), 137, reason="OOMKilled")
    message = failed(stage, "BackoffLimitExceeded")
    assert "OutOfMemory" in message
    assert "spec.runtime.resources.limits.memory" in message
