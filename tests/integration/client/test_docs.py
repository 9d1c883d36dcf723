"""docs/client.md, done literally; the test acts as an operator that lets every job succeed."""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from documents import block, run
from integration.client.conftest import Played, Pod, Published, Terminal
from integration.client.kubelet import Kubelet
from integration.client.test_jobs import RUNNING, SUCCEEDED
from integration.operator.api import Body, eventually
from integration.operator.objects import METRICS
from segcompress.client import Client

JOB = "README.md: apiVersion: segcompress.dev/v1alpha1"
COMMANDS = "docs/client.md: segcompress submit job.yaml --wait"
SWEEP = "docs/client.md: from segcompress.client import Client, Range, outcome, read_manifest, sweep_over"
PYTHON = "docs/client.md: from pathlib import Path"


@pytest.fixture
def folder(terminal: Terminal) -> Path:
    """Return the user's folder: the README's job, and a kubeconfig whose context names the namespace."""
    (terminal.folder / "job.yaml").write_text(block(JOB).text)
    return terminal.folder


@pytest.fixture
def environment(terminal: Terminal) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"KUBECONFIG": str(terminal.own_kubeconfig()), "PATH": path}


@pytest.fixture
def done(published: Published, played: Played, kubelet: Kubelet) -> Body:
    """Return the status of a job that has done everything: measured, published, and left its pod."""
    pod = Pod(played, kubelet, SUCCEEDED["jobName"])
    kubelet.write("Fetch started")
    kubelet.end()
    pod.runs()
    pod.ends()
    return {**SUCCEEDED, "metrics": METRICS, "artifacts": published.artifacts}


@contextlib.contextmanager
def operator(played: Played, client: Client, name: str, done: Body) -> Iterator[None]:
    """Let a job run and succeed as soon as it exists."""

    def act() -> None:
        eventually(lambda: name in {job.metadata.name for job in client.list()}, name)
        played.tell(name, RUNNING)
        played.tell(name, done)

    acting = threading.Thread(target=act, daemon=True)
    acting.start()
    yield
    acting.join()


def test_commands(
    folder: Path, environment: dict[str, str], played: Played, client: Client, done: Body
) -> None:
    played.make("humanseg-quantised", done)
    with operator(played, client, "humanseg-sparse", done):
        printed = run(block(COMMANDS).text, folder, environment).splitlines()
    assert printed[0] == f"submitted humanseg-sparse to namespace {client.namespace}"
    assert {"Fetch started", "model/model.pdmodel"} < set(printed)
    assert (folder / "model" / "model.onnx").is_file()
    assert [line.split()[:3] for line in printed[-2:]] == [
        ["humanseg-sparse", "Succeeded", "passed"],
        ["humanseg-quantised", "Succeeded", "passed"],
    ]


def test_program(
    folder: Path, environment: dict[str, str], played: Played, client: Client, done: Body
) -> None:
    (folder / "program.py").write_text(block(PYTHON).text)
    played.make("humanseg-sparse", done)
    with operator(played, client, "humanseg-seed-1", done):
        printed = run("python program.py", folder, environment).splitlines()
    assert {"Fetch started", "True Succeeded mIoU 0.9235, 0.0052 less than the baseline"} < set(printed)
    assert printed[-2:] == ["humanseg-sparse True 0.0052", "humanseg-seed-1 True 0.0052"]
    assert (folder / "report" / "report.html").is_file()


def test_sweep(folder: Path, environment: dict[str, str], played: Played, client: Client) -> None:
    """The sweep succeeds as soon as it exists."""
    (folder / "sweep.py").write_text(block(SWEEP).text)
    best = {"name": "humanseg-sparse-0", "parameters": {"ratio": "0.5"}}
    ended = {"conditions": SUCCEEDED["conditions"], "phase": "Succeeded", "bestTrial": best}

    def act() -> None:
        eventually(client.sweeps.list, "the sweep")
        url = f"/apis/segcompress.dev/v1alpha1/namespaces/{client.namespace}/segcompressionsweeps"
        played.api.request("PATCH", f"{url}/humanseg-sparse/status", {"status": ended})

    acting = threading.Thread(target=act, daemon=True)
    acting.start()
    printed = run("python sweep.py", folder, environment).splitlines()
    acting.join()
    assert printed[0].startswith("Succeeded: ")
    assert "humanseg-sparse-0" in printed[1]
