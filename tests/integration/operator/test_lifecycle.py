"""What happens around a run: deletion, orphaned pods, edits, lost results."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote_plus

import pytest

from devcluster.controlplane import ControlPlane
from integration.operator.api import Api, Body, eventually
from integration.operator.audit import audited
from integration.operator.objects import ARTIFACTS, METRICS, SUCCEEDED, result
from integration.operator.process import Operator
from integration.operator.stage import Stage, foreign_job, spec

EIGHT = {"Complete", "Failed", "Suspended", "Finished", "Accepted", "Ready", "Reconciling", "Stalled"}


@pytest.fixture
def alone(api: Api, namespace: str, start_operator: Callable[..., Operator]) -> Stage:
    """Return a stage whose namespace has an operator of its own."""
    start_operator(namespace)
    return Stage(api, namespace)


def test_first_status_has_every_condition_with_its_generation(alone: Stage) -> None:
    alone.apply(spec())
    assert alone.status()["observedGeneration"] == -1
    alone.reaches("Reconciling", "Pending")
    status = alone.status()
    assert {c["type"] for c in status["conditions"]} == EIGHT
    assert {c["observedGeneration"] for c in status["conditions"]} == {1}
    assert status["observedGeneration"] == 1
    assert status["phase"] == "Pending"
    assert status["jobName"] == alone.job()["metadata"]["name"]


def test_users_objects_carry_nothing_of_ours_but_status(alone: Stage) -> None:
    alone.apply(spec())
    alone.runs_and_succeeds()
    meta = alone.resource()["metadata"]
    assert "finalizers" not in meta
    assert "annotations" not in meta


def test_job_vanished_is_made_again_under_its_name(alone: Stage) -> None:
    alone.apply(spec())
    alone.runs()
    before = alone.job()
    name = before["metadata"]["name"]
    alone.api.delete("jobs", alone.namespace, name, propagationPolicy="Background")

    def again() -> bool:
        return any(job["metadata"]["uid"] != before["metadata"]["uid"] for job in alone.jobs())

    eventually(again, "a new Job")
    assert [job["metadata"]["name"] for job in alone.jobs()] == [name]
    alone.runs_and_succeeds()


def test_job_is_made_again_once_its_orphaned_pod_has_ended(alone: Stage) -> None:
    alone.apply(spec())
    pod = alone.runs_on("gpu-1")
    alone.reaches("Reconciling", "Running")
    alone.api.delete("jobs", alone.namespace, alone.job()["metadata"]["name"], propagationPolicy="Background")
    assert alone.waits("Pending")["message"] == outlived(pod)
    assert alone.jobs() == []
    alone.ends_deleted(pod, 5)
    alone.runs(alone.pod(pod["metadata"]["name"]))
    assert len(alone.jobs()) == 1


def outlived(pod: Body) -> str:
    name = pod["metadata"]["name"]
    return f"pod {name} has outlived its Job: it has to end or be deleted first; start 1 follows"


def test_orphaned_pod_that_never_starts_is_named_and_asked_for_once(
    alone: Stage, plane: ControlPlane
) -> None:
    alone.apply(spec())
    pod = alone.pod()
    alone.reaches("Reconciling", "Pending")
    alone.api.delete("jobs", alone.namespace, alone.job()["metadata"]["name"], propagationPolicy="Orphan")
    name = pod["metadata"]["name"]
    eventually(lambda: alone.condition("Reconciling")["message"] == outlived(pod), "the pod named")
    alone.api.delete("pods", alone.namespace, name)
    alone.runs(alone.pod(name))
    asked = [
        entry["requestURI"]
        for entry in audited(plane, alone.namespace)
        if (entry["verb"], entry["stage"]) == ("list", "ResponseComplete")
    ]
    assert sum("batch.kubernetes.io/job-name in" in unquote_plus(uri) for uri in asked) == 1


def test_job_that_is_made_after_the_end_is_deleted_though_the_operators_clock_is_minutes_ahead(
    alone: Stage,
) -> None:
    """As by a creation that hung until the run's own Job was gone."""
    alone.apply(spec())
    alone.runs_and_succeeds()
    job = alone.job()
    name = job["metadata"]["name"]
    alone.api.delete("jobs", alone.namespace, name, propagationPolicy="Background")
    eventually(lambda: alone.gone("jobs", name), "the run's own Job gone")
    ahead = (datetime.now(UTC) + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    conditions = [{**each, "lastTransitionTime": ahead} for each in alone.status()["conditions"]]
    alone.api.patch("scj", alone.namespace, "demo/status", {"status": {"conditions": conditions}})
    late = alone.api.create("jobs", alone.namespace, created_again(job))
    eventually(lambda: alone.gone("jobs", late["metadata"]["name"]), "the late Job gone")
    assert alone.status()["phase"] == "Succeeded"


def created_again(job: Body) -> Body:
    """Return what was sent to create a Job, without what the API server has added."""
    meta, labels = job["metadata"], job["spec"]["template"]["metadata"]["labels"]
    kept = {key: meta[key] for key in ("name", "namespace", "labels", "ownerReferences")}
    ours = {key: labels[key] for key in meta["labels"]}
    template = {**job["spec"]["template"], "metadata": {"labels": ours}}
    return {"metadata": kept, "spec": {"template": template}}


def test_deleted_resource_takes_its_job_along(alone: Stage) -> None:
    alone.apply(spec())
    alone.runs()
    name = alone.job()["metadata"]["name"]
    alone.api.delete("scj", alone.namespace, "demo")
    eventually(lambda: alone.gone("scj", "demo"), "the resource gone at once")
    eventually(lambda: alone.gone("jobs", name), "its Job gone")
    assert alone.jobs() == []


def test_foreign_job_of_our_name_is_a_conflict(
    api: Api, namespace: str, start_operator: Callable[..., Operator]
) -> None:
    stage = Stage(api, namespace)
    name = foreign_job(stage)
    start_operator(namespace)
    assert name in stage.reaches("Failed", "NameConflict")["message"]
    assert stage.jobs()[0]["metadata"].get("ownerReferences") is None


def test_ttl_comes_only_after_the_result_and_may_be_changed(alone: Stage) -> None:
    alone.apply(spec(ttlSecondsAfterFinished=3600))
    pod = alone.runs()
    assert "ttlSecondsAfterFinished" not in alone.job()["spec"]
    alone.exits(pod, 0, SUCCEEDED)
    alone.reaches("Complete", "Succeeded")
    eventually(lambda: alone.job()["spec"].get("ttlSecondsAfterFinished") == 3600, "the ttl")
    alone.api.patch("scj", alone.namespace, "demo", {"spec": {"ttlSecondsAfterFinished": 0}})
    eventually(lambda: not alone.jobs(), "the Job removed")
    eventually(lambda: alone.status()["observedGeneration"] == 2, "the edit acknowledged")
    assert {c["observedGeneration"] for c in alone.status()["conditions"]} == {2}
    assert alone.status()["phase"] == "Succeeded"
    assert alone.status()["metrics"] == METRICS


def test_lost_result_gets_one_more_pod_which_ends_reused(alone: Stage) -> None:
    alone.apply(spec())
    first = alone.runs()
    alone.exits(first, 0, "not a result")
    second = alone.pod(first["metadata"]["name"])
    eventually(lambda: alone.status()["jobName"].endswith("-2"), "the second Job in the status")
    alone.exits(second, 0, result("Reused", metrics=METRICS, artifacts=ARTIFACTS))
    alone.reaches("Complete", "Reused")
    assert alone.status()["metrics"] == METRICS
    assert len(alone.jobs()) == 2


def test_second_lost_result_is_the_end(alone: Stage) -> None:
    alone.apply(spec())
    first = alone.runs()
    alone.exits(first, 0, "{}")
    alone.exits(alone.pod(first["metadata"]["name"]), 0, '{"reason": "Succeeded"')
    assert "readable result" in alone.reaches("Failed", "RunnerCrashed")["message"]
    assert len(alone.jobs()) == 2
