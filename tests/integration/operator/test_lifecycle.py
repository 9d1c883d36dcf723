"""What happens around a run: deletion, restarts, edits, outages, and what all of it costs the API server."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote_plus

import pytest

from devcluster.controlplane import ControlPlane
from integration.chart.helm import NAMESPACE, rendered
from integration.operator.api import Api, Body, eventually
from integration.operator.installed import install_crd, operator_rights
from integration.operator.objects import ARTIFACTS, METRICS, SUCCEEDED, resource, result
from integration.operator.process import OPERATOR_USER, Operator
from integration.operator.stage import Stage, foreign_job, quota, spec
from integration.operator.sweep_stage import SweepStage, sweep_spec
from integration.operator.team import LEASE
from segcompress_api.naming import trial_name

EIGHT = {"Complete", "Failed", "Suspended", "Finished", "Accepted", "Ready", "Reconciling", "Stalled"}

Start = Callable[..., Operator]


@pytest.fixture
def alone(api: Api, namespace: str, start_operator: Start) -> Stage:
    """Return a stage whose namespace has an operator of its own."""
    start_operator(namespace)
    return Stage(api, namespace)


def audited(plane: ControlPlane, namespace: str) -> Iterator[Body]:
    """Return the audit log's entries of the operator's requests in a namespace."""
    for line in plane.audit_log.read_text().splitlines():
        entry: Body = json.loads(line)
        where = entry.get("objectRef", {}).get("namespace")
        if entry["user"]["username"] == OPERATOR_USER and where == namespace:
            yield entry


def subject(entry: Body) -> str:
    reference = entry["objectRef"]
    return "/".join(filter(None, (reference["resource"], reference.get("subresource"))))


def requests(plane: ControlPlane, namespace: str) -> Counter[str]:
    """Count the operator's requests about a namespace, its watches apart."""
    return Counter(
        f"{entry['verb']} {subject(entry)} {entry['responseStatus']['code']}"
        for entry in audited(plane, namespace)
        if entry["stage"] == "ResponseComplete" and entry["verb"] not in ("watch", "list")
    )


def finish(stage: Stage) -> Body:
    pod = stage.runs()
    stage.exits(pod, 0, SUCCEEDED)
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


def test_pod_gone_before_its_result_was_read_leads_to_reused(
    api: Api, namespace: str, start_operator: Start
) -> None:
    stage = Stage(api, namespace)
    operator = start_operator(namespace)
    stage.apply(spec())
    pod = stage.runs()
    operator.kill()
    stage.exits(pod, 0, SUCCEEDED)
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
    stage.exits(pod, 0, SUCCEEDED)
    version = settled.resource()["metadata"]["resourceVersion"]
    before = requests(plane, namespace)
    start_operator(namespace)
    stage.reaches("Complete", "Succeeded")
    eventually(lambda: len(stage.events()) == 2, "both Events")
    assert {job["metadata"]["uid"] for job in stage.jobs()} == uids
    assert settled.resource()["metadata"]["resourceVersion"] == version
    spent = requests(plane, namespace) - before
    assert spent == {"patch segcompressionjobs/status 200": 1, "create events 201": 1}


@pytest.fixture
def own_plane(tmp_path: Path) -> Iterator[ControlPlane]:
    """Start a control plane that the test may stop, without controllers."""
    with ControlPlane(tmp_path / "own") as plane:
        yield plane


def test_job_that_vanished_while_nobody_watched_is_made_again(
    own_plane: ControlPlane, tmp_path: Path
) -> None:
    """The API server restarts and forgets its history: the deletion comes in no watch, only in a LIST."""
    admin = Api(own_plane.kubeconfig)
    operator = Operator(own_plane.kubeconfig, tmp_path / "own.log", (), {})
    try:
        # The operator was there before its CRD, and waits for it.
        eventually(lambda: "not installed" in operator.log.read_text(), "the operator waiting for its CRD")
        install_crd(admin)
        stage = Stage(admin, "default")
        stage.apply(spec())
        uid = stage.job()["metadata"]["uid"]
        stage.reaches("Reconciling", "Pending")
        operator.pause()
        own_plane.stop_api_server()
        own_plane.start_api_server()
        admin.delete("jobs", "default", stage.job()["metadata"]["name"], propagationPolicy="Background")
        operator.resume()
        eventually(lambda: [job for job in stage.jobs() if job["metadata"]["uid"] != uid], "a new Job")
        assert operator.stop() == 0
    finally:
        operator.kill()


def test_requests_of_a_job_are_few(
    api: Api, plane: ControlPlane, namespace: str, start_operator: Start
) -> None:
    start_operator(namespace)
    stages = [Stage(api, namespace, f"job-{n}") for n in range(10)]
    for stage in stages:
        stage.apply(spec())
        query = f"labelSelector=segcompress.dev/job-name={stage.name}"
        pod = eventually(
            lambda query=query: next(iter(api.list("pods", namespace, query)), None),  # type: ignore[misc]
            "a pod",
        )
        stage.runs(pod)
        stage.exits(pod, 0, SUCCEEDED)
    for stage in stages:
        stage.reaches("Complete", "Succeeded")
        eventually(lambda stage=stage: len(stage.events()) == 2, "both Events")  # type: ignore[misc]
    counted = requests(plane, namespace)
    assert counted["create jobs 201"] == 10
    # Running and the end; Pending too where a pod takes longer than three seconds, which one may here.
    assert 20 <= counted["patch segcompressionjobs/status 200"] <= 21
    assert counted["create events 201"] == 20
    others = set(counted) - {"create jobs 201", "patch segcompressionjobs/status 200", "create events 201"}
    assert others == set()


def test_job_that_loses_its_labels_gets_them_back_at_once(
    api: Api, plane: ControlPlane, namespace: str, start_operator: Start
) -> None:
    start_operator(namespace)
    stage = Stage(api, namespace)
    stage.apply(spec())
    pod = stage.runs()
    job = stage.job()["metadata"]
    api.patch("jobs", namespace, job["name"], {"metadata": {"labels": {"segcompress.dev/job-name": None}}})
    eventually(lambda: stage.job()["metadata"]["labels"] == job["labels"], "its labels")
    stage.exits(pod, 0, SUCCEEDED)
    stage.reaches("Complete", "Succeeded")
    counted = requests(plane, namespace)
    assert (counted["create jobs 409"], counted["get jobs 200"], counted["patch jobs 200"]) == (0, 1, 1)


def test_operator_uses_every_right_and_asks_for_no_other(
    api: Api, plane: ControlPlane, namespace: str, start_operator: Start
) -> None:
    full, taken = Stage(api, namespace, "full"), Stage(api, namespace, "taken")
    quota(full, {"pods": "0"})
    full.apply(spec(ttlSecondsAfterFinished=3600))
    foreign_job(taken)
    start_operator(namespace, SEGCOMPRESS_LEASE=LEASE)
    taken.reaches("Failed", "NameConflict")
    full.waits("QuotaExceeded")
    api.delete("resourcequotas", namespace, "none")
    finish(full)
    eventually(lambda: any("ttlSecondsAfterFinished" in job["spec"] for job in full.jobs()), "the ttl")
    halted = Stage(api, namespace, "halted")
    halted.apply(spec())
    eventually(lambda: halted.status().get("jobName"), "its Job")
    halted.edit(suspend=True)
    halted.reaches("Reconciling", "Suspended", "False")
    blocked, searching = SweepStage(api, namespace, "blocked"), SweepStage(api, namespace, "searching")
    uid = blocked.apply(sweep_spec(suspend=True))["metadata"]["uid"]
    api.create("scj", namespace, resource(trial_name("blocked", uid, 0), spec(suspend=True)))
    blocked.edit(suspend=False)
    searching.apply(sweep_spec())
    blocked.reaches("Failed", "NameConflict")
    searching.await_trials(2)
    searching.edit(suspend=True)
    searching.reaches("Suspended", "Suspended")
    eventually(lambda: all(each["spec"]["suspend"] for each in searching.trials()), "its trials suspended")
    asked, refused = set(), set()
    for entry in (*audited(plane, namespace), *audited(plane, NAMESPACE)):
        asked.add((subject(entry), entry["verb"]))
        if "RBAC" in entry.get("responseStatus", {}).get("message", ""):
            refused.add((subject(entry), entry["verb"]))
    assert refused == set()
    assert asked == operator_rights(rendered(progress__enabled=False)), "test_progress has the one right more"
