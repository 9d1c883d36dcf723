"""Every row of the table of endings in the API's documentation, seen on a real API server.

The Job controller is real, so its podFailurePolicy decides what is retried; the tests play the kubelet.
"""

from collections.abc import Iterator

import pytest

from integration.operator.api import Api, ApiError, Body, eventually
from integration.operator.objects import ARTIFACTS, METRICS, result
from integration.operator.stage import Stage, quota, spec

PUBLISHED: Body = {"metrics": METRICS, "artifacts": ARTIFACTS}


def failed(stage: Stage, reason: str) -> str:
    """Wait for the failure; return its message, with every condition of a failure checked."""
    message: str = stage.reaches("Failed", reason)["message"]
    for type_ in ("Failed", "Stalled", "Finished"):
        assert stage.condition(type_)["status"] == "True"
    for type_ in ("Complete", "Reconciling", "Ready", "Suspended"):
        assert stage.condition(type_)["status"] == "False"
    assert stage.status()["phase"] == "Failed"
    return message


def attempts(stage: Stage) -> tuple[int, int]:
    counted = stage.status()["attempts"]
    return counted["failed"], counted["preempted"]


def succeeded(stage: Stage, reason: str) -> None:
    stage.reaches("Complete", reason)
    for type_ in ("Complete", "Ready", "Finished", "Accepted"):
        assert stage.condition(type_)["status"] == "True"
    for type_ in ("Failed", "Reconciling", "Stalled", "Suspended"):
        assert stage.condition(type_)["status"] == "False"
    assert stage.status()["phase"] == "Succeeded"


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


def test_crash_ends_with_the_last_log_lines(stage: Stage) -> None:
    stage.apply(spec(backoffLimit=0))
    stage.exits(stage.runs(), 1, "Traceback (most recent call last):\nValueError: broken program")
    message = failed(stage, "BackoffLimitExceeded")
    assert "RunnerCrashed" in message
    assert "ValueError: broken program" in message


def test_missing_secret_waits_and_goes_on_when_mended(stage: Stage) -> None:
    stage.apply(spec())
    pod = stage.pod()
    stage.waits_in(pod, "CreateContainerConfigError", 'secret "object-store" not found')
    assert 'secret "object-store" not found' in stage.waits("SecretNotFound")["message"]
    words = "couldn't find key secretKey in Secret vision/object-store"
    stage.waits_in(pod, "CreateContainerConfigError", words)
    eventually(lambda: "secretKey" in stage.condition("Reconciling")["message"], "the key's name")
    assert stage.status()["phase"] == "Pending"
    stage.runs(pod)
    stage.exits(pod, 0, result("Succeeded", **PUBLISHED))
    succeeded(stage, "Succeeded")


def test_image_that_cannot_be_pulled_waits_and_goes_on_when_mended(stage: Stage) -> None:
    stage.apply(spec())
    pod = stage.pod()
    stage.waits_in(pod, "ErrImagePull", "registry.example.com/segcompress-runner:test: not found")
    assert "segcompress-runner:test" in stage.waits("ImagePullFailed")["message"]
    written = stage.resource()["metadata"]["resourceVersion"]
    stage.waits_in(pod, "ImagePullBackOff", "Back-off pulling image")
    stage.waits_in(pod, "ErrImagePull", "registry.example.com/segcompress-runner:test: not found")
    stage.runs(pod)
    assert stage.resource()["metadata"]["generation"] == 1
    assert stage.resource()["metadata"]["resourceVersion"] != written


def test_pod_that_fits_no_node_waits_and_goes_on_when_mended(stage: Stage) -> None:
    stage.apply(spec())
    pod = stage.pod()
    words = "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."
    scheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": words}
    status = {"phase": "Pending", "conditions": [scheduled]}
    stage.api.patch("pods", stage.namespace, pod["metadata"]["name"] + "/status", {"status": status})
    assert words in stage.waits("Unschedulable")["message"]
    stage.runs(pod)


def test_quota_waits_and_goes_on_when_mended(stage: Stage) -> None:
    quota(stage, {"pods": "0"})
    stage.apply(spec())
    assert "exceeded quota: none" in stage.waits("QuotaExceeded")["message"]
    stage.api.delete("resourcequotas", stage.namespace, "none")
    stage.runs()


def test_quota_on_jobs_waits_for_the_job_itself(stage: Stage) -> None:
    quota(stage, {"count/jobs.batch": "0"})
    stage.apply(spec())
    assert "exceeded quota: none" in stage.waits("QuotaExceeded")["message"]
    assert stage.jobs() == []
    stage.api.delete("resourcequotas", stage.namespace, "none")
    stage.runs()


@pytest.fixture
def policy(api: Api, namespace: str) -> Iterator[str]:
    """Make a ValidatingAdmissionPolicy that denies all Jobs of the namespace; return its path."""
    url = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic"
    rule = {"apiGroups": ["batch"], "apiVersions": ["v1"], "resources": ["jobs"], "operations": ["CREATE"]}
    validation = {"expression": "false", "message": "no Jobs until the roll-out is through"}
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    constraints = {"resourceRules": [rule], "namespaceSelector": selector}
    meta = {"metadata": {"name": namespace}}
    spec_ = {"failurePolicy": "Fail", "matchConstraints": constraints, "validations": [validation]}
    api.request("POST", f"{url}ies", {**meta, "spec": spec_})
    binding = {"policyName": namespace, "validationActions": ["Deny"]}
    api.request("POST", f"{url}ybindings", {**meta, "spec": binding})
    container = {"name": "c", "image": "i"}
    job = {
        "metadata": {"name": "probe"},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}},
    }

    def denied() -> bool:
        try:
            api.request("POST", f"/apis/batch/v1/namespaces/{namespace}/jobs?dryRun=All", job)
        except ApiError as error:
            return error.status == 422
        return False

    eventually(denied, "the policy at work")
    yield f"{url}ybindings/{namespace}"
    api.request("DELETE", f"{url}ies/{namespace}")


def test_policy_that_denies_jobs_waits_and_goes_on_when_mended(stage: Stage, policy: str) -> None:
    """Its status code is that of an invalid Job."""
    stage.apply(spec())
    message = stage.waits("Pending")["message"]
    assert "no Jobs until the roll-out is through" in message
    assert "ValidatingAdmissionPolicy" in message
    assert stage.jobs() == []
    stage.api.request("DELETE", policy)
    stage.runs()


def test_pod_on_a_lost_node_is_named_until_it_is_gone(stage: Stage) -> None:
    stage.apply(spec())
    pod = stage.pod()
    name = pod["metadata"]["name"]
    stage.bind(pod, "gpu-7")
    stage.runs(pod)
    stage.api.delete("pods", stage.namespace, name, gracePeriodSeconds=1)
    message = stage.waits("NodeLost")["message"]
    assert f"pod {name} on node gpu-7" in message
    assert "spec.activeDeadlineSeconds" in message
    assert len(stage.api.list("pods", stage.namespace)) == 1
    stage.api.delete("pods", stage.namespace, name, gracePeriodSeconds=0)
    assert not stage.gone("pods", name), "its finalizer holds it, also against force"
    # What the garbage collector of pods does once the node is deleted or tainted as out of service.
    disrupted = {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC"}
    stage.kubelet(pod, "Failed", {"running": {}}, conditions=[disrupted])
    stage.runs(stage.pod(name))
    assert attempts(stage) == (0, 1)


def test_job_held_by_a_queue_is_queued(stage: Stage) -> None:
    stage.apply(spec(), labels={"kueue.x-k8s.io/queue-name": "gpus", "team": "vision"})
    job = stage.job()
    assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "gpus"
    assert "team" not in job["metadata"]["labels"]
    name = job["metadata"]["name"]
    stage.api.patch("jobs", stage.namespace, name, {"spec": {"suspend": True}})
    assert "gpus" in stage.waits("Queued")["message"]
    assert stage.status()["phase"] == "Queued"
    stage.api.patch("jobs", stage.namespace, name, {"spec": {"suspend": False}})
    stage.runs()


def test_deadline_ends_what_waits_and_says_what_for(stage: Stage) -> None:
    stage.apply(spec(activeDeadlineSeconds=10))  # what a busy machine takes to see that it waits, and more
    pod = stage.pod()
    stage.waits_in(pod, "CreateContainerConfigError", 'secret "object-store" not found')
    stage.waits("SecretNotFound")
    message = failed(stage, "DeadlineExceeded")
    assert "spec.activeDeadlineSeconds (10 s)" in message
    assert 'secret "object-store" not found' in message
