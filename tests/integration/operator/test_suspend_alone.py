"""Suspensions and foreign hands, with an operator that the test starts and ends itself."""

from collections.abc import Callable

import pytest

from integration.operator.api import Api, eventually
from integration.operator.process import Operator
from integration.operator.stage import Stage, spec
from segcompress_operator.resources.names import JOB_NAME_LABEL, runner_job_name


def test_operator_killed_while_it_suspends_makes_no_second_job(
    api: Api, namespace: str, start_operator: Callable[..., Operator]
) -> None:
    stage, operator = Stage(api, namespace), start_operator(namespace)
    stage.apply(spec())
    pod = stage.runs_on("gpu-1")
    stage.edit(suspend=True)
    name = stage.being_deleted()["metadata"]["name"]
    operator.kill()
    stage.edit(suspend=False)
    start_operator(namespace)
    stage.waits("Pending")
    assert [job["metadata"]["name"] for job in stage.jobs()] == [name]
    stage.ends_deleted(pod, 5)
    stage.runs(stage.pod(pod["metadata"]["name"]))
    assert [job["metadata"]["name"] for job in stage.jobs()] == [name[:-1] + "2"]


def test_suspended_run_finds_its_job_again_that_lost_its_labels(
    api: Api, namespace: str, start_operator: Callable[..., Operator]
) -> None:
    stage, operator = Stage(api, namespace), start_operator(namespace)
    stage.apply(spec())
    pod = stage.runs_on("gpu-1")
    name = stage.job()["metadata"]["name"]
    operator.kill()
    stage.edit(suspend=True)
    api.patch("jobs", namespace, name, {"metadata": {"labels": {JOB_NAME_LABEL: None}}})
    start_operator(namespace)
    assert stage.being_deleted()["metadata"]["labels"][JOB_NAME_LABEL] == "demo"
    assert stage.waits("Suspended")["message"] == f"Job {name} is being deleted"
    stage.ends_deleted(pod, 5)
    stage.reaches("Reconciling", "Suspended", "False")
    assert stage.jobs() == []


@pytest.mark.parametrize("restarted", [pytest.param(False, id="watched"), pytest.param(True, id="restarted")])
def test_pod_of_a_job_that_went_before_any_status_is_waited_for(
    api: Api, namespace: str, start_operator: Callable[..., Operator], *, restarted: bool
) -> None:
    stage, operator = Stage(api, namespace), start_operator(namespace)
    stage.apply(spec())
    pod = stage.pod()
    stage.bind(pod, "gpu-1")
    if restarted:
        operator.kill()
    api.delete("jobs", namespace, stage.job()["metadata"]["name"], propagationPolicy="Background")
    if restarted:
        start_operator(namespace)
    name = pod["metadata"]["name"]
    words = f"pod {name} has outlived its Job: it has to end or be deleted first; start 1 follows"
    eventually(lambda: stage.condition("Reconciling").get("message") == words, "the pod named")
    assert stage.jobs() == []
    stage.ends_deleted(pod, 137)
    stage.runs(stage.pod(name))


def test_job_that_multikueue_took_is_refused_and_deleted(
    api: Api, namespace: str, start_operator: Callable[..., Operator]
) -> None:
    """Kueue's webhook sets `managedBy` when the Job is made: here the Job is there before the operator."""
    stage = Stage(api, namespace)
    made = stage.apply(spec(), labels={"kueue.x-k8s.io/queue-name": "anywhere"})["metadata"]
    reference = {
        "apiVersion": "segcompress.dev/v1alpha1",
        "kind": "SegCompressionJob",
        "name": stage.name,
        "uid": made["uid"],
    }
    pod = {"spec": {"restartPolicy": "Never", "containers": [{"name": "runner", "image": "i"}]}}
    meta = {
        "name": runner_job_name(stage.name, made["uid"], 1),
        "labels": {"kueue.x-k8s.io/queue-name": "anywhere"},
        "ownerReferences": [{**reference, "controller": True}],
    }
    job = {"managedBy": "kueue.x-k8s.io/multikueue", "suspend": True, "template": pod}
    api.create("jobs", namespace, {"metadata": meta, "spec": job})
    start_operator(namespace)
    message = stage.reaches("Failed", "InvalidSpec")["message"]
    assert "queue anywhere hands Jobs to kueue.x-k8s.io/multikueue" in message
    eventually(lambda: not stage.jobs(), "the Job gone")
