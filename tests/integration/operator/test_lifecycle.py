"""What happens around a run: deletion, restarts, edits, outages, and what all of it costs the API server."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from devcluster.controlplane import ControlPlane
from integration.operator.api import Api, ApiError, Body, eventually
from integration.operator.process import OPERATOR_USER, RULES, Operator
from integration.operator.stage import ARTIFACTS, METRICS, Stage, result, spec
from segcompress_operator.resources.names import runner_job_name

DONE = result("Succeeded", metrics=METRICS, artifacts=ARTIFACTS)
EIGHT = {"Complete", "Failed", "Suspended", "Finished", "Accepted", "Ready", "Reconciling", "Stalled"}

Start = Callable[..., Operator]


@pytest.fixture
def alone(api: Api, namespace: str, start_operator: Start) -> Stage:
    """Return a stage whose namespace has an operator of its own."""
    start_operator(namespace)
    return Stage(api, namespace)


def requests(plane: ControlPlane, namespace: str) -> Counter[str]:
    """Count the operator's requests about a namespace in the audit log, watches apart."""
    counted: Counter[str] = Counter()
    for line in plane.audit_log.read_text().splitlines():
        entry = json.loads(line)
        subject = entry.get("objectRef", {})
        if entry["user"]["username"] != OPERATOR_USER or entry["stage"] != "ResponseComplete":
            continue
        if subject.get("namespace") == namespace and entry["verb"] not in ("watch", "list"):
            what = "/".join(filter(None, (subject["resource"], subject.get("subresource"))))
            counted[f"{entry['verb']} {what} {entry['responseStatus']['code']}"] += 1
    return counted


def finish(stage: Stage) -> Body:
    pod = stage.runs()
    stage.exits(pod, 0, DONE)
    stage.reaches("Complete", "Succeeded")
    return pod


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
    finish(alone)
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
    finish(alone)


def test_deleted_resource_takes_its_job_along(alone: Stage) -> None:
    alone.apply(spec())
    alone.runs()
    name = alone.job()["metadata"]["name"]
    alone.api.delete("scj", alone.namespace, "demo")
    eventually(lambda: alone.gone("scj", "demo"), "the resource gone at once")
    eventually(lambda: alone.gone("jobs", name), "its Job gone")
    assert alone.jobs() == []


def test_foreign_job_of_our_name_is_a_conflict(api: Api, namespace: str, start_operator: Start) -> None:
    stage = Stage(api, namespace)
    uid = stage.apply(spec())["metadata"]["uid"]
    name = runner_job_name("demo", uid, 1)
    container = {"name": "c", "image": "i"}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    api.create("jobs", namespace, {"metadata": {"name": name}, "spec": {"template": template}})
    start_operator(namespace)
    assert name in stage.reaches("Failed", "NameConflict")["message"]
    assert stage.jobs()[0]["metadata"].get("ownerReferences") is None


def test_ttl_comes_only_after_the_result_and_may_be_changed(alone: Stage) -> None:
    alone.apply(spec(ttlSecondsAfterFinished=3600))
    pod = alone.runs()
    assert "ttlSecondsAfterFinished" not in alone.job()["spec"]
    alone.exits(pod, 0, DONE)
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
    assert alone.resource()["status"]["jobName"].endswith("-2")
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


def test_pod_gone_before_its_result_was_read_leads_to_reused(
    api: Api, namespace: str, start_operator: Start
) -> None:
    stage = Stage(api, namespace)
    operator = start_operator(namespace)
    stage.apply(spec())
    pod = stage.runs()
    operator.kill()
    stage.exits(pod, 0, DONE)
    eventually(lambda: stage.job().get("status", {}).get("succeeded"), "the Job complete")
    api.delete("pods", namespace, pod["metadata"]["name"])
    eventually(lambda: stage.gone("pods", pod["metadata"]["name"]), "the pod gone")
    start_operator(namespace)
    second = stage.pod()
    stage.exits(second, 0, result("Reused", metrics=METRICS, artifacts=ARTIFACTS))
    stage.reaches("Complete", "Reused")


def test_killed_operator_loses_nothing_and_makes_no_second_job(
    api: Api, plane: ControlPlane, namespace: str, start_operator: Start
) -> None:
    stage, settled = Stage(api, namespace), Stage(api, namespace, "settled")
    operator = start_operator(namespace)
    settled.apply(spec())
    old = finish(settled)["metadata"]["name"]
    stage.apply(spec())
    pod = stage.pod(old)
    stage.runs(pod)
    eventually(stage.events, "the Event of its start")
    operator.kill()
    uids = {job["metadata"]["uid"] for job in stage.jobs()}
    stage.exits(pod, 0, DONE)
    version = settled.resource()["metadata"]["resourceVersion"]
    before = requests(plane, namespace)
    start_operator(namespace)
    stage.reaches("Complete", "Succeeded")
    eventually(lambda: len(stage.events()) == 2, "both Events")
    assert {job["metadata"]["uid"] for job in stage.jobs()} == uids
    assert settled.resource()["metadata"]["resourceVersion"] == version
    spent = requests(plane, namespace) - before
    assert spent == {"patch segcompressionjobs/status 200": 1, "create events 201": 1}


def test_outage_of_the_api_server_is_survived(tmp_path: Path) -> None:
    with ControlPlane(tmp_path / "own") as own:
        _check_outage(own, tmp_path)


def _check_outage(own: ControlPlane, tmp_path: Path) -> None:
    admin = Api(own.kubeconfig)
    crd = yaml.safe_load((Path(__file__).parents[3] / "crds/segcompressionjobs.yaml").read_text())
    operator = Operator(own.kubeconfig, tmp_path / "own.log", (), {})
    try:
        # The operator waits for its CRD; then the API server goes away for a while.
        admin.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)
        stage = Stage(admin, "default")
        eventually(lambda: _applied(stage), "the CRD served")
        job = stage.job()
        own.stop_api_server()
        own.start_api_server()
        # Deleted in a gap of the watches or not: a Job that is no more is made again.
        admin.delete("jobs", "default", job["metadata"]["name"], propagationPolicy="Background")
        uid = job["metadata"]["uid"]
        eventually(lambda: [j for j in stage.jobs() if j["metadata"]["uid"] != uid], "a new Job")
        assert operator.runs()
        assert operator.stop() == 0
    finally:
        operator.kill()


def _applied(stage: Stage) -> bool:
    try:
        stage.apply(spec())
    except ApiError:
        return False
    return True


def test_requests_of_a_job_are_few(
    api: Api, plane: ControlPlane, namespace: str, start_operator: Start
) -> None:
    start_operator(namespace)
    stages = [Stage(api, namespace, f"job-{n}") for n in range(10)]
    for stage in stages:
        stage.apply(spec())
    for stage in stages:
        query = f"labelSelector=segcompress.dev/job-name={stage.name}"
        pod = eventually(
            lambda query=query: next(iter(api.list("pods", namespace, query)), None),  # type: ignore[misc]
            "a pod",
        )
        stage.kubelet(pod, "Running", {"running": {}})
        stage.reaches("Reconciling", "Running")
        stage.exits(pod, 0, DONE)
    for stage in stages:
        stage.reaches("Complete", "Succeeded")
        eventually(lambda stage=stage: len(stage.events()) == 2, "both Events")  # type: ignore[misc]
    counted = requests(plane, namespace)
    assert counted["create jobs 201"] == 10
    assert 20 <= counted["patch segcompressionjobs/status 200"] <= 30
    assert counted["create events 201"] == 20
    others = set(counted) - {"create jobs 201", "patch segcompressionjobs/status 200", "create events 201"}
    assert others == set()


def test_every_right_is_used_and_none_is_missing(plane: ControlPlane) -> None:
    """Read what all tests before this one made the operators ask for."""
    asked, refused = set(), set()
    for line in plane.audit_log.read_text().splitlines():
        entry = json.loads(line)
        subject = entry.get("objectRef", {})
        if entry["user"]["username"] != OPERATOR_USER or "resource" not in subject:
            continue
        what = "/".join(filter(None, (subject["resource"], subject.get("subresource"))))
        asked.add((what, entry["verb"]))
        message = entry.get("responseStatus", {}).get("message", "")
        if entry.get("responseStatus", {}).get("code") == 403 and OPERATOR_USER in message:
            refused.add((what, entry["verb"]))
    given = {(resource, verb) for rule in RULES for resource in rule["resources"] for verb in rule["verbs"]}
    assert refused == set()
    assert asked <= given
