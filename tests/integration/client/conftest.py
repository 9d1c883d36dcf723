"""A real kube-apiserver, and the client as its user runs it; the tests play the operator, or start it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devcluster.controlplane import ControlPlane
from integration.chart.helm import rendered
from integration.client.cutting import Cutter
from integration.operator.api import Api, Body
from integration.operator.installed import install_crd, install_rights
from integration.operator.objects import resource
from segcompress.client import Client


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane(tmp_path_factory.mktemp("plane"), controllers=("job-controller",)) as running:
        yield running


@pytest.fixture(scope="session")
def api(plane: ControlPlane) -> Api:
    admin = Api(plane.kubeconfig)
    install_crd(admin)
    install_rights(admin, rendered())
    return admin


@pytest.fixture
def namespace(api: Api) -> str:
    name = f"t-{os.urandom(4).hex()}"
    api.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    return name


@pytest.fixture
def client(plane: ControlPlane, namespace: str) -> Client:
    return Client.from_kubeconfig(path=plane.kubeconfig, namespace=namespace)


@pytest.fixture
def cutter(plane: ControlPlane, tmp_path: Path) -> Iterator[Cutter]:
    with Cutter(plane.kubeconfig, tmp_path) as between:
        yield between


@dataclass(frozen=True)
class Terminal:
    """Runs the command as a user does."""

    kubeconfig: Path
    namespace: str
    folder: Path

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        with self.start(*arguments, **environment) as running:
            out, err = running.communicate()
        return subprocess.CompletedProcess(arguments, running.returncode, out, err)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        named = arguments if {"-A", "--help"} & set(arguments) else (*arguments, "-n", self.namespace)
        return subprocess.Popen(
            [sys.executable, "-m", "segcompress", *named],
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig), **environment},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def terminal(plane: ControlPlane, namespace: str, tmp_path: Path) -> Terminal:
    return Terminal(plane.kubeconfig, namespace, tmp_path)


@dataclass(frozen=True)
class Played:
    """A resource whose operator is the test."""

    api: Api
    namespace: str

    def make(self, name: str, status: Body | None = None) -> Body:
        made = self.api.create("scj", self.namespace, resource(name))
        return made if status is None else self.tell(name, status)

    def tell(self, name: str, status: Body) -> Body:
        """Write a status as the operator would."""
        return self.api.patch("scj", self.namespace, f"{name}/status", {"status": status})


@pytest.fixture
def played(api: Api, namespace: str) -> Played:
    return Played(api, namespace)
