"""A waiting run says why, and continues once the cause is fixed."""

from collections.abc import Iterator

import pytest

from integration.operator.api import Api, ApiError, eventually
from integration.operator.ends import PUBLISHED, attempts, failed, succeeded
from integration.operator.objects import result
from integration.operator.stage import Stage, quota, spec


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
