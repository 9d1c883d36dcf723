"""A real kube-apiserver and Job controller, and the operator as a process of its own."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devcluster.controlplane import ControlPlane
from integration.operator.api import Api
from integration.operator.installed import administrator, policy_installed
from integration.operator.process import OPERATOR_USER, Operator
from integration.operator.stage import Stage


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane(
        tmp_path_factory.mktemp("plane"),
        controllers=("job-controller", "garbage-collector-controller", "ttl-after-finished-controller"),
    ) as running:
        yield running


@pytest.fixture(scope="session")
def api(plane: ControlPlane) -> Api:
    return administrator(plane)


@pytest.fixture
def namespace(api: Api, request: pytest.FixtureRequest) -> str:
    """Return a new namespace that admits only restricted pods."""
    words = "".join(letter if letter.isalnum() else "-" for letter in request.node.name.lower())
    name = f"t-{words[5:50].strip('-')}-{os.urandom(2).hex()}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    api.request("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
    return name


@pytest.fixture
def start_operator(plane: ControlPlane, api: Api, tmp_path: Path) -> Iterator[Callable[..., Operator]]:
    """Return a function that starts an operator for some namespaces; all of them end with the test."""
    assert api
    kubeconfig = plane.kubeconfig_for(OPERATOR_USER, ["system:authenticated"])
    running: list[Operator] = []

    def start(*namespaces: str, **settings: str) -> Operator:
        operator = Operator(kubeconfig, tmp_path / f"operator-{len(running)}.log", namespaces, settings)
        running.append(operator)
        return operator

    yield start
    for operator in running:
        operator.kill()


@pytest.fixture(scope="module")
def everywhere(plane: ControlPlane, api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """Run one cluster-wide operator for a module whose tests keep to their own namespaces."""
    assert api
    kubeconfig = plane.kubeconfig_for(OPERATOR_USER, ["system:authenticated"])
    log = tmp_path_factory.mktemp("operator") / "operator.log"
    operator = Operator(
        kubeconfig, log, (), {"SEGCOMPRESS_ALLOWED_IMAGE_PREFIXES": "registry.example.com/team/"}
    )
    yield operator
    operator.kill()


@pytest.fixture(scope="module")
def _deep_json() -> Iterator[None]:
    """Let the tests themselves write and read what they send."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    yield
    sys.setrecursionlimit(before)


@pytest.fixture(scope="module")
def policy(api: Api) -> Iterator[None]:
    """Install the chart's admission policy for a module."""
    with policy_installed(api):
        yield


@pytest.fixture
def stage(api: Api, namespace: str, everywhere: Operator) -> Stage:
    assert everywhere.runs()
    return Stage(api, namespace)
