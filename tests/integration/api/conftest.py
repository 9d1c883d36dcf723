"""A real kube-apiserver with the CRDs installed by kubectl, as `kubectl apply -f crds/` does."""

import os
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from devcluster.controlplane import ControlPlane
from devcluster.layout import Layout
from integration.api.kubectl import Kubectl

ROOT = Path(__file__).parents[3]
CRDS = ROOT / "crds"

_TRIES = 600
_PAUSE_SECONDS = 0.1
"""Only so that a failing start ends; no test measures time."""


@pytest.fixture(scope="session")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    program = Layout.from_environment(os.environ).bin / "kubectl"
    with ControlPlane(tmp_path_factory.mktemp("plane")) as plane:
        client = Kubectl(program, plane.kubeconfig, tmp_path_factory.mktemp("kubectl"))
        installed = client.run("apply", "--server-side", "-f", str(CRDS))
        assert installed.code == 0, installed.err
        assert "Warning" not in installed.err
        for question in product(("get", "explain"), ("scj", "scs")):
            await_answer(client, *question)
        yield client


def await_answer(client: Kubectl, *question: str) -> None:
    """Ask until kubectl knows the kind: `kubectl wait` fails on a CRD that has no conditions yet."""
    for _ in range(_TRIES):
        answer = client.run(*question)
        if answer.code == 0:
            return
        time.sleep(_PAUSE_SECONDS)
    pytest.fail(f"kubectl {' '.join(question)}: {answer.err}")


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """Return a name that no other test uses."""
    words = "".join(letter if letter.isalnum() else "-" for letter in request.node.name.lower())
    return words.removeprefix("test-")[:60].strip("-")
