"""The operator goes first: nothing of it keeps a resource, a namespace or the kind itself from going."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devcluster.controlplane import ControlPlane
from integration.operator.api import Api, ApiError, eventually
from integration.operator.installed import install_crd
from integration.operator.objects import SUCCEEDED
from integration.operator.process import Operator
from integration.operator.stage import Stage, spec

CONTROLLERS = ("job-controller", "garbage-collector-controller", "namespace-controller")
NAMESPACE_PATIENCE = 240.0
"""The namespace controller looks again only after half the grace that a pod of the namespace asks for."""

CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/segcompressionjobs.segcompress.dev"


@pytest.fixture
def left_behind(tmp_path: Path) -> Iterator[list[Stage]]:
    """Return three runs under way and one that ended, each in its namespace; their operator was killed."""
    with ControlPlane(tmp_path / "plane", controllers=CONTROLLERS) as plane:
        api = Api(plane.kubeconfig)
        install_crd(api)
        operator = Operator(plane.kubeconfig, tmp_path / "log", (), {})
        stages = [Stage(api, name) for name in ("one", "two", "three", "four")]
        try:
            for stage in stages:
                api.request("POST", "/api/v1/namespaces", {"metadata": {"name": stage.namespace}})
                stage.apply(spec())
                pod = stage.runs()
            stages[-1].exits(pod, 0, SUCCEEDED)
            stages[-1].reaches("Complete", "Succeeded")
        finally:
            operator.kill()
        yield stages


def is_gone(api: Api, url: str) -> bool:
    try:
        api.request("GET", url)
    except ApiError as error:
        return error.status == 404
    return False


def test_everything_can_be_deleted_without_the_operator(left_behind: list[Stage]) -> None:
    one, two, three, four = left_behind
    api = one.api
    name = one.job()["metadata"]["name"]
    api.delete("scj", one.namespace, one.name)
    eventually(lambda: one.gone("scj", one.name), "the resource gone")
    eventually(lambda: one.gone("jobs", name), "its Job gone")
    urls = {stage.namespace: f"/api/v1/namespaces/{stage.namespace}" for stage in (two, four)}
    for url in urls.values():
        api.request("DELETE", url)
    # The Job's own finalizer keeps a pod until its kubelet says that it has ended.
    two.exits(two.pod(), 143)
    for namespace, url in urls.items():
        try:
            eventually(lambda url=url: is_gone(api, url), namespace, NAMESPACE_PATIENCE)  # type: ignore[misc]
        except AssertionError:
            raise AssertionError(f"still there: {api.request('GET', url)['status']}") from None
    api.request("DELETE", CRD)
    eventually(lambda: is_gone(api, CRD), "the kind gone")
    assert three.gone("scj", three.name)
