"""Suspensions and foreign hands, with an operator that the test starts and ends itself."""

from collections.abc import Callable

from integration.operator.api import Api, eventually
from integration.operator.process import Operator
from integration.operator.stage import Stage, spec
from segcompress_operator.resources.names import runner_job_name


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
