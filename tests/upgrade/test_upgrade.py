"""Upgrade and downgrade with runs in flight: the commit SEGCOMPRESS_BEFORE and this checkout take turns.

`make test-upgrade BEFORE=commit` runs it.
"""

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from devcluster.audit import read_requests
from devcluster.controlplane import ControlPlane
from integration.operator.api import Api, Body, eventually
from integration.operator.installed import install_crd
from integration.operator.objects import METRICS, SUCCEEDED
from integration.operator.process import Operator
from integration.operator.stage import Stage, spec

ROOT = Path(__file__).parents[2]
CODE = ("crds", "operator")
CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/segcompressionjobs.segcompress.dev"
USER = "upgraded-operator"


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """Return a folder with the code and the CRD of the commit before."""
    folder = tmp_path / "before"
    folder.mkdir()
    archive = ["git", "-C", str(ROOT), "archive", os.environ["SEGCOMPRESS_BEFORE"], *CODE]
    packed = subprocess.run(archive, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed, check=True)
    return folder


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[ControlPlane]:
    with ControlPlane(tmp_path / "plane", controllers=("job-controller",)) as running:
        yield running


class Fleet:
    """Runs of one namespace, each told apart by its name."""

    def __init__(self, api: Api, count: int) -> None:
        self.stages = [Stage(api, "default", f"run-{number}") for number in range(count)]

    def start(self, stages: list[Stage]) -> None:
        """Let runs begin, and return once all are said to be at work."""
        for stage in stages:
            stage.apply(spec())
        for stage in stages:
            stage.runs(_pod(stage))

    def end(self, stages: list[Stage]) -> None:
        """Let runs end, and return once all are said to have succeeded."""
        for stage in stages:
            stage.exits(_pod(stage), 0, SUCCEEDED)
        for stage in stages:
            stage.reaches("Complete", "Succeeded")


def _pod(stage: Stage) -> Body:
    query = f"labelSelector=segcompress.dev/job-name={stage.name}"
    return eventually(lambda: stage.api.list("pods", stage.namespace, query), "a pod")[0]


def operator(plane: ControlPlane, log: Path, code: Path) -> Operator:
    paths = os.pathsep.join(str(code / folder) for folder in CODE)
    return Operator(plane.kubeconfig_for(USER, ["system:masters"]), log, (), {"PYTHONPATH": paths})


def replace_crd(api: Api, code: Path) -> None:
    crd = yaml.safe_load((code / "crds/segcompressionjobs.yaml").read_text())
    crd["metadata"]["resourceVersion"] = api.request("GET", CRD)["metadata"]["resourceVersion"]
    api.request("PUT", CRD, crd)


def test_runs_in_flight_survive_an_upgrade_and_a_downgrade(
    plane: ControlPlane, before: Path, tmp_path: Path
) -> None:
    api = Api(plane.kubeconfig)
    install_crd(api)
    replace_crd(api, before)
    fleet = Fleet(api, int(os.environ.get("SEGCOMPRESS_RUNS", "30")))
    third = len(fleet.stages) // 3
    first, second, last = fleet.stages[:third], fleet.stages[third : 2 * third], fleet.stages[2 * third :]

    old = operator(plane, tmp_path / "old.log", before)
    fleet.start(first + second)
    fleet.end(first[: third // 2])
    assert old.stop() == 0

    replace_crd(api, ROOT)
    new = operator(plane, tmp_path / "new.log", ROOT)
    fleet.end(first[third // 2 :])
    fleet.start(last)
    assert new.stop() == 0

    replace_crd(api, before)
    again = operator(plane, tmp_path / "again.log", before)
    fleet.end(second + last)
    assert again.stop() == 0
    made = Counter(
        each.name
        for each in read_requests(plane.audit_log, USER)
        if (each.verb, each.resource, each.code) == ("create", "jobs", 201)
    )
    assert len(made) == len(fleet.stages)
    assert set(made.values()) == {1}
    for stage in fleet.stages:
        assert stage.status()["metrics"] == METRICS
        assert stage.status()["attempts"] == {"failed": 0, "preempted": 0}
    assert all("Traceback" not in log.read_text() for log in tmp_path.glob("*.log"))
