"""The operator or the API server ends and comes back."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devcluster.controlplane import ControlPlane
from integration.operator.api import Api, eventually
from integration.operator.audit import requests
from integration.operator.installed import install_crd
from integration.operator.objects import ARTIFACTS, METRICS, SUCCEEDED, result
from integration.operator.process import Operator
from integration.operator.stage import Stage, spec


def test_pod_gone_before_its_result_was_read_leads_to_reused(
    api: Api, namespace: str, start_operator: Callable[..., Operator]
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
    api: Api, plane: ControlPlane, namespace: str, start_operator: Callable[..., Operator]
) -> None:
    stage, settled = Stage(api, namespace), Stage(api, namespace, "settled")
    operator = start_operator(namespace)
    settled.apply(spec())
    old = settled.runs_and_succeeds()["metadata"]["name"]
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
