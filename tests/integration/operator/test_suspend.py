"""Suspend and resume, and runs that are preempted too often: on a real API server and its controllers."""

import pytest

from integration.operator.api import Body, eventually
from integration.operator.objects import ARTIFACTS, METRICS, SUCCEEDED, result
from integration.operator.stage import Stage, quota, spec


def suspended(stage: Stage) -> Body:
    """Wait until the run is suspended and nothing of it is left."""
    stage.reaches("Reconciling", "Suspended", "False")
    assert stage.condition("Suspended")["status"] == "True"
    assert stage.status()["phase"] == "Suspended"
    assert [job for job in stage.jobs() if not job.get("status", {}).get("conditions")] == []
    return stage.status()


def said(stage: Stage) -> list[str]:
    return sorted(event["reason"] for event in stage.events())


def test_run_created_suspended_starts_when_it_is_resumed(stage: Stage) -> None:
    stage.apply(spec(suspend=True))
    assert suspended(stage)["start"] == 1
    assert stage.jobs() == []
    stage.edit(suspend=False)
    stage.exits(stage.runs(), 0, SUCCEEDED)
    stage.reaches("Complete", "Succeeded")
    assert stage.status()["jobName"].endswith("-1")
    assert stage.condition("Suspended")["status"] == "False"
    eventually(lambda: said(stage) == ["Resumed", "Started", "Succeeded", "Suspended"], "its Events")


def test_suspended_run_holds_no_pod_and_the_next_start_follows(stage: Stage) -> None:
    stage.apply(spec())
    first = stage.runs_on("gpu-1")
    stage.edit(suspend=True)
    job = stage.being_deleted()["metadata"]
    stage.waits("Suspended")
    assert stage.status()["phase"] == "Suspended"
    stage.ends_deleted(first, 5)
    status = suspended(stage)
    assert (status["start"], status["jobName"]) == (2, job["name"])
    assert (status["attempts"]["failed"], status["attempts"]["preempted"]) == (0, 0)
    assert "starts over" in stage.condition("Suspended")["message"]
    stage.edit(suspend=False)
    second = stage.runs()
    assert stage.job()["metadata"]["name"] == job["name"][:-1] + "2"
    assert stage.job()["spec"]["activeDeadlineSeconds"] == 86400
    resumed = eventually(
        lambda: next((e for e in stage.events() if e["reason"] == "Resumed"), None), "Resumed"
    )
    assert "start 2; it starts over" in resumed["message"]
    stage.exits(second, 0, result("Reused", metrics=METRICS, artifacts=ARTIFACTS))
    stage.reaches("Complete", "Reused")
    assert len(stage.jobs()) == 1


def test_run_without_a_pod_is_suspended(stage: Stage) -> None:
    quota(stage, {"pods": "0"})
    stage.apply(spec())
    stage.waits("QuotaExceeded")
    stage.edit(suspend=True)
    assert suspended(stage)["start"] == 2


def test_job_that_kueue_holds_is_suspended(stage: Stage) -> None:
    stage.apply(spec(), labels={"kueue.x-k8s.io/queue-name": "gpus"})
    name = stage.job()["metadata"]["name"]
    stage.api.patch("jobs", stage.namespace, name, {"spec": {"suspend": True}})
    stage.waits("Queued")
    stage.edit(suspend=True)
    suspended(stage)
    assert stage.jobs() == []


def test_resume_waits_for_the_pods_of_the_start_before(stage: Stage) -> None:
    stage.apply(spec())
    first = stage.runs_on("gpu-1")
    stage.edit(suspend=True)
    name = stage.being_deleted()["metadata"]["name"]
    stage.edit(suspend=False)
    assert stage.waits("Pending")["message"] == f"Job {name} is being deleted; start 2 follows"
    assert [job["metadata"]["name"] for job in stage.jobs()] == [name]
    stage.ends_deleted(first, 5)
    stage.runs(stage.pod(first["metadata"]["name"]))
    assert [job["metadata"]["name"] for job in stage.jobs()] == [name[:-1] + "2"]


def test_toggling_quickly_leaves_one_job(stage: Stage) -> None:
    stage.apply(spec())
    for suspend in (True, False) * 5:
        stage.edit(suspend=suspend)
    newest = stage.resource()["metadata"]["generation"]
    eventually(lambda: stage.status()["observedGeneration"] == newest, "the last edit seen")
    stage.reaches("Suspended", "NotSuspended", "False")
    stage.runs()
    assert len([job for job in stage.jobs() if not job["metadata"].get("deletionTimestamp")]) == 1
    assert stage.status()["observedGeneration"] == stage.resource()["metadata"]["generation"]


def test_ended_run_is_not_suspended(stage: Stage) -> None:
    stage.apply(spec())
    stage.exits(stage.runs(), 0, SUCCEEDED)
    stage.reaches("Complete", "Succeeded")
    stage.edit(suspend=True)
    eventually(lambda: stage.status()["observedGeneration"] == 2, "the edit acknowledged")
    assert (stage.status()["phase"], len(stage.jobs())) == ("Succeeded", 1)


def test_pod_that_succeeds_while_it_is_being_deleted_has_succeeded(stage: Stage) -> None:
    stage.apply(spec())
    pod = stage.runs_on("gpu-1")
    stage.edit(suspend=True)
    stage.being_deleted()
    stage.exits(pod, 0, SUCCEEDED)
    stage.reaches("Complete", "Succeeded")
    assert stage.status()["metrics"] == METRICS


def test_suspended_resource_is_deleted_at_once(stage: Stage) -> None:
    stage.apply(spec())
    pod = stage.runs_on("gpu-1")
    stage.edit(suspend=True)
    name = stage.being_deleted()["metadata"]["name"]
    stage.api.delete("scj", stage.namespace, stage.name)
    assert stage.gone("scj", stage.name)
    stage.ends_deleted(pod, 5)
    eventually(lambda: stage.gone("jobs", name), "its Job gone")


@pytest.mark.parametrize("code", [5, 143])
def test_run_preempted_more_often_than_its_limit_fails(stage: Stage, code: int) -> None:
    stage.apply(spec(preemptionLimit=1, backoffLimit=0))
    names: list[str] = []
    disrupted = {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}
    for _ in range(2):
        pod = stage.pod(*names)
        stage.exits(stage.runs(pod), code, conditions=[disrupted])
        names.append(pod["metadata"]["name"])
    failed = stage.reaches("Failed", "PreemptionLimitExceeded")
    assert failed["message"] == "2 pod(s) were preempted, spec.preemptionLimit is 1"
    assert stage.status()["attempts"]["failed"] == 0
    assert stage.jobs() == []
