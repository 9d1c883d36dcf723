"""The CRD gets another storage version while runs are under way, and the stored objects are migrated."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devcluster.controlplane import ControlPlane
from integration.operator.api import Api, ApiError, Body, eventually
from integration.operator.installed import install_crd
from integration.operator.objects import METRICS, SUCCEEDED
from integration.operator.process import Operator
from integration.operator.stage import Stage, spec

CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/segcompressionjobs.segcompress.dev"
NEXT = "/apis/segcompress.dev/v1/namespaces/default/segcompressionjobs"


@pytest.fixture
def stages(tmp_path: Path) -> Iterator[list[Stage]]:
    """Return two stages beside an operator."""
    with ControlPlane(tmp_path / "plane", controllers=("job-controller",)) as plane:
        api = Api(plane.kubeconfig)
        install_crd(api)
        operator = Operator(plane.kubeconfig, tmp_path / "log", (), {})
        yield [
            Stage(api, "default", "ended"),
            Stage(api, "default", "running"),
            Stage(api, "default", "later"),
        ]
        assert operator.runs()
        operator.kill()


def store_as(api: Api, storage: str) -> None:
    """Serve v1alpha1 and v1, which are alike, and store what is written from now on as `storage`."""
    crd = api.request("GET", CRD)
    (first, *_) = crd["spec"]["versions"]
    crd["spec"]["versions"] = [
        {**first, "name": name, "served": True, "storage": name == storage} for name in ("v1alpha1", "v1")
    ]
    crd["spec"]["conversion"] = {"strategy": "None"}
    api.request("PUT", CRD, crd)


def served(api: Api) -> list[Body]:
    try:
        return list(api.request("GET", NEXT)["items"])
    except ApiError:
        return []


def migrate(api: Api, storage: str) -> None:
    """Write every object again as it is, and declare that no other version is stored."""
    for each in eventually(lambda: served(api), "v1 served"):
        api.request("PUT", f"{NEXT}/{each['metadata']['name']}", each)
    crd = api.request("GET", CRD)
    crd["status"]["storedVersions"] = [storage]
    api.request("PUT", f"{CRD}/status", crd)


def pod_of(stage: Stage) -> Body:
    query = f"labelSelector=segcompress.dev/job-name={stage.name}"
    return eventually(lambda: stage.api.list("pods", stage.namespace, query), "a pod")[0]


@pytest.mark.parametrize("back", [False, True], ids=["forward", "and back"])
def test_runs_go_on_while_their_storage_is_migrated(stages: list[Stage], *, back: bool) -> None:
    ended, running, later = stages
    api = ended.api
    ended.apply(spec())
    ended.exits(ended.runs(), 0, SUCCEEDED)
    ended.reaches("Complete", "Succeeded")
    running.apply(spec())
    pod = running.runs(pod_of(running))
    uids = {job["metadata"]["uid"] for job in running.jobs()}

    store_as(api, "v1")
    migrate(api, "v1")
    if back:
        store_as(api, "v1alpha1")
        migrate(api, "v1alpha1")
    running.exits(pod, 0, SUCCEEDED)
    running.reaches("Complete", "Succeeded")
    later.apply(spec())
    later.exits(later.runs(pod_of(later)), 0, SUCCEEDED)
    later.reaches("Complete", "Succeeded")

    assert ended.status()["metrics"] == METRICS
    assert {job["metadata"]["uid"] for job in running.jobs()} > uids
    assert len(running.jobs()) == 3
