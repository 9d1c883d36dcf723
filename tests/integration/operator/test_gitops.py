"""Runs from Git: applied again and again, healed, and after their ttl, they run once."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from devcluster.controlplane import ControlPlane
from devcluster.layout import Layout
from documents import ROOT, block, run
from integration.api.kubectl import Answer, Kubectl
from integration.operator.api import Api, Body, eventually
from integration.operator.objects import SUCCEEDED
from integration.operator.process import Operator
from integration.operator.stage import Stage, spec


class Repository:
    """A copy of examples/gitops whose overlay is for one namespace, applied as Flux and Argo CD do."""

    def __init__(self, folder: Path, kubectl: Kubectl, namespace: str) -> None:
        shutil.copytree(ROOT / "examples/gitops", folder / "gitops")
        self.overlay = folder / "gitops/overlays/half"
        self.kubectl = kubectl
        self.set("kustomization.yaml", lambda file: file | {"namespace": namespace})
        self.patch(ttlSecondsAfterFinished=1)

    def set(self, file: str, change: Callable[[Body], Body]) -> None:
        path = self.overlay / file
        path.write_text(yaml.safe_dump(change(yaml.safe_load(path.read_text()))))

    def patch(self, **fields: object) -> None:
        self.set("ratio.yaml", lambda file: {**file, "spec": {**file["spec"], **fields}})

    def name(self) -> str:
        answer = self.kubectl.run("kustomize", str(self.overlay))
        assert answer.code == 0, answer.err
        (resource,) = yaml.safe_load_all(answer.out)
        assert resource["kind"] == "SegCompressionJob"
        return str(resource["metadata"]["name"])

    def apply(self) -> Answer:
        return self.kubectl.run("apply", "--server-side", "-k", str(self.overlay))


@pytest.fixture
def kubectl(plane: ControlPlane, api: Api, tmp_path: Path) -> Kubectl:
    assert api
    return Kubectl(
        Layout.from_environment(os.environ).bin / "kubectl", plane.kubeconfig, tmp_path / "kubectl"
    )


@pytest.fixture
def repository(kubectl: Kubectl, namespace: str, tmp_path: Path) -> Repository:
    return Repository(tmp_path, kubectl, namespace)


def settled(api: Api, namespace: str, probe: str) -> None:
    """Wait until the operator has dealt with all that happened so far: a later resource has its Job."""
    stage = Stage(api, namespace, probe)
    stage.apply(spec())
    eventually(lambda: stage.status().get("jobName"), "the later resource's Job")
    api.delete("scj", namespace, probe)
    eventually(lambda: not stage.jobs(), "the later resource's Job gone")


def test_names_follow_the_content(repository: Repository) -> None:
    first = repository.name()
    assert first.startswith("humanseg-sparse-half-")
    assert repository.name() == first
    repository.patch(seed=1)
    assert repository.name() not in (first, "humanseg-sparse-half")


def test_applying_and_healing_run_a_job_once(
    api: Api, namespace: str, repository: Repository, everywhere: Operator
) -> None:
    assert everywhere.runs()
    stage = Stage(api, namespace, repository.name())
    assert repository.apply().code == 0
    stage.exits(stage.runs(), 0, SUCCEEDED)
    stage.reaches("Complete", "Succeeded")
    eventually(lambda: not stage.jobs(), "the Job removed by its ttl")
    version = stage.resource()["metadata"]["resourceVersion"]
    for _ in range(3):
        assert repository.apply().code == 0
    assert stage.resource()["metadata"]["resourceVersion"] == version
    drift = {"metadata": {"annotations": {"argocd.argoproj.io/sync-options": None}}}
    api.patch("scj", namespace, stage.name, drift)
    assert repository.apply().code == 0
    healed = stage.resource()["metadata"]
    assert healed["annotations"]["argocd.argoproj.io/sync-options"] == "Prune=false"
    assert healed["generation"] == 1
    settled(api, namespace, "probe")
    assert (stage.jobs(), stage.status()["phase"]) == ([], "Succeeded")


def test_another_content_is_another_run(
    api: Api, namespace: str, repository: Repository, everywhere: Operator
) -> None:
    assert everywhere.runs()
    first = Stage(api, namespace, repository.name())
    assert repository.apply().code == 0
    first.job()
    repository.patch(seed=1)
    second = Stage(api, namespace, repository.name())
    assert repository.apply().code == 0
    eventually(lambda: len(second.jobs()) == 2, "a Job for each")
    assert {job["metadata"]["ownerReferences"][0]["name"] for job in second.jobs()} == {
        first.name,
        second.name,
    }


def test_patch_that_the_name_does_not_depend_on_is_refused(
    namespace: str, repository: Repository, api: Api
) -> None:
    def forget(file: Body) -> Body:
        return {key: value for key, value in file.items() if key != "configMapGenerator"}

    repository.set("kustomization.yaml", forget)
    assert repository.apply().code == 0
    repository.patch(seed=1)
    answer = repository.apply()
    assert answer.code != 0
    assert "spec.seed is immutable: create another SegCompressionJob" in answer.err
    assert len(api.list("scj", namespace)) == 1


def test_commands_of_the_example(plane: ControlPlane, api: Api, kubectl: Kubectl) -> None:
    api.request("POST", "/api/v1/namespaces", {"metadata": {"name": "vision"}})
    environ = {
        "PATH": f"{kubectl.program.parent}:{os.environ['PATH']}",
        "KUBECONFIG": str(plane.kubeconfig),
        "HOME": str(kubectl.cache),
    }
    commands = block("examples/gitops/README.md: kubectl kustomize examples/gitops/overlays/half").text
    printed = [run(commands, ROOT, environ) for _ in range(3)]
    assert printed[0] == printed[1] == printed[2]
    assert len(api.list("scj", "vision")) == 1
