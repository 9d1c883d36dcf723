"""Upgrades and a downgrade with runs and a sweep in flight: SEGCOMPRESS_BEFORE and this checkout take turns.

`make test-upgrade BEFORE=commit` runs it.
"""

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from devcluster.audit import read_requests
from devcluster.controlplane import ControlPlane
from integration.operator.api import Api, ApiError, Body, eventually
from integration.operator.objects import METRICS, SUCCEEDED
from integration.operator.process import Operator
from integration.operator.stage import Stage, spec
from integration.operator.sweep_stage import GRID, SweepStage, sweep_spec

ROOT = Path(__file__).parents[2]
CODE = ("crds", "operator")
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
CONFLICT = 409
USER = "upgraded-operator"


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """Return a folder with the code and the CRDs of the commit before."""
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
        """Let runs begin, and return once all are reported as running."""
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


@contextmanager
def operator(plane: ControlPlane, log: Path, code: Path) -> Iterator[None]:
    """Run an operator of that code, which must end well when it is told to."""
    paths = os.pathsep.join(str(code / folder) for folder in CODE)
    running = Operator(plane.kubeconfig_for(USER, ["system:masters"]), log, (), {"PYTHONPATH": paths})
    try:
        yield
        assert running.stop() == 0
    finally:
        running.kill()


def apply_crds(api: Api, code: Path) -> None:
    """Create or replace the CRDs of that code, and leave any other; return once all are served."""
    for path in sorted((code / "crds").glob("*.yaml")):
        crd = yaml.safe_load(path.read_text())
        try:
            api.request("POST", CRDS, crd)
        except ApiError as error:
            if error.status != CONFLICT:
                raise
            url = f"{CRDS}/{crd['metadata']['name']}"
            crd["metadata"]["resourceVersion"] = api.request("GET", url)["metadata"]["resourceVersion"]
            api.request("PUT", url, crd)
        eventually(lambda crd=crd: is_served(api, crd), f"{path.name} served")  # type: ignore[misc]


def is_served(api: Api, crd: Body) -> bool:
    spec = crd["spec"]
    try:
        api.request("GET", f"/apis/{spec['group']}/{spec['versions'][0]['name']}/{spec['names']['plural']}")
    except ApiError:
        return False
    return True


class SweepInFlight:
    """A sweep in a namespace of its own; `is_known` says whether the version before knows sweeps."""

    def __init__(self, api: Api, *, is_known: bool) -> None:
        api.request("POST", "/api/v1/namespaces", {"metadata": {"name": "sweeps"}})
        self.stage = SweepStage(api, "sweeps")
        self.is_known = is_known

    def begin(self) -> None:
        """Start it, and return once one trial has ended and two others have their pods."""
        self.stage.apply(sweep_spec())
        self.stage.plays(until=1)
        self.stage.await_trials(3)
        self.stage.await_pods(2)

    def go_on_before(self) -> None:
        """Let two trials end under the version before, to which they are runs like any other."""
        for pod in self.stage.await_pods(2):
            self.stage.ends(pod)
        if self.is_known:
            self.stage.await_trials(5)
        else:
            eventually(lambda: all(map(has_ended, self.stage.trials())), "both trials ended")

    def end(self) -> None:
        """Let it come to its end, and check that no trial was lost or made twice."""
        self.stage.plays()
        self.stage.reaches("Complete", "Succeeded")
        assert self.stage.points() == GRID
        assert self.stage.status()["trials"]["succeeded"] == len(GRID)


def has_ended(trial: Body) -> bool:
    return trial.get("status", {}).get("phase") in ("Succeeded", "Failed")


def test_runs_and_a_sweep_in_flight_survive_an_upgrade_a_downgrade_and_an_upgrade(
    plane: ControlPlane, before: Path, tmp_path: Path
) -> None:
    api = Api(plane.kubeconfig)
    apply_crds(api, before)
    sweep = SweepInFlight(api, is_known=(before / "crds/segcompressionsweeps.yaml").exists())
    fleet = Fleet(api, int(os.environ.get("SEGCOMPRESS_RUNS", "30")))
    third = len(fleet.stages) // 3
    first, second, last = fleet.stages[:third], fleet.stages[third : 2 * third], fleet.stages[2 * third :]

    with operator(plane, tmp_path / "old.log", before):
        fleet.start(first + second)
        fleet.end(first[: third // 2])
        if sweep.is_known:
            sweep.begin()

    apply_crds(api, ROOT)
    with operator(plane, tmp_path / "new.log", ROOT):
        fleet.end(first[third // 2 :])
        fleet.start(last)
        if not sweep.is_known:
            sweep.begin()

    apply_crds(api, before)
    with operator(plane, tmp_path / "old again.log", before):
        fleet.end(second + last)
        sweep.go_on_before()

    apply_crds(api, ROOT)
    with operator(plane, tmp_path / "new again.log", ROOT):
        sweep.end()
    check_end(plane, fleet)
    assert all("Traceback" not in log.read_text() for log in tmp_path.glob("*.log"))


def check_end(plane: ControlPlane, fleet: Fleet) -> None:
    """Check that each run and each trial got one Job, and that no run lost anything."""
    made = Counter(
        each.name
        for each in read_requests(plane.audit_log, USER)
        if (each.verb, each.resource, each.code) == ("create", "jobs", 201)
    )
    assert len(made) == len(fleet.stages) + len(GRID)
    assert set(made.values()) == {1}
    for stage in fleet.stages:
        assert stage.status()["metrics"] == METRICS
        assert stage.status()["attempts"] == {"failed": 0, "preempted": 0}
