"""docs/client.md, done literally; the test plays an operator that lets every job succeed."""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from documents import block, run
from integration.client.conftest import Played, Terminal
from integration.client.test_jobs import RUNNING, SUCCEEDED
from integration.operator.api import eventually
from integration.operator.objects import METRICS
from segcompress.client import Client

JOB = "README.md: apiVersion: segcompress.dev/v1alpha1"
COMMANDS = "docs/client.md: segcompress submit job.yaml --wait"
PYTHON = "docs/client.md: from segcompress.client import Client, outcome, read_manifest"
DONE = {**SUCCEEDED, "metrics": METRICS}


@pytest.fixture
def folder(terminal: Terminal) -> Path:
    """Return the user's folder: the README's job, and a kubeconfig whose context names the namespace."""
    (terminal.folder / "job.yaml").write_text(block(JOB).text)
    return terminal.folder


@pytest.fixture
def environment(terminal: Terminal) -> dict[str, str]:
    config = terminal.folder / "kubeconfig"
    content = yaml.safe_load(terminal.kubeconfig.read_text())
    content["contexts"][0]["context"]["namespace"] = terminal.namespace
    config.write_text(yaml.safe_dump(content))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"KUBECONFIG": str(config), "PATH": path}


@contextlib.contextmanager
def operator(played: Played, client: Client, *names: str) -> Iterator[None]:
    """Let each of the jobs run and succeed, one after the other, as soon as it is there."""

    def act() -> None:
        for name in names:
            eventually(lambda: name in {job.metadata.name for job in client.list()}, name)  # noqa: B023 - at once
            played.tell(name, RUNNING)
            played.tell(name, DONE)

    acting = threading.Thread(target=act, daemon=True)
    acting.start()
    yield
    acting.join()


def test_commands(folder: Path, environment: dict[str, str], played: Played, client: Client) -> None:
    played.make("humanseg-quantised", DONE)
    with operator(played, client, "humanseg-sparse"):
        printed = run(block(COMMANDS).text, folder, environment).splitlines()
    assert printed[0] == f"submitted humanseg-sparse to namespace {client.namespace}"
    assert [line.split()[:3] for line in printed[-2:]] == [
        ["humanseg-sparse", "Succeeded", "passed"],
        ["humanseg-quantised", "Succeeded", "passed"],
    ]


def test_program(folder: Path, environment: dict[str, str], played: Played, client: Client) -> None:
    (folder / "program.py").write_text(block(PYTHON).text)
    played.make("humanseg-sparse", DONE)
    with operator(played, client, "humanseg-seed-1"):
        printed = run("python program.py", folder, environment).splitlines()
    assert "True Succeeded mIoU 0.9235, 0.0052 less than the baseline" in printed
    assert printed[-2:] == ["humanseg-sparse True 0.0052", "humanseg-seed-1 True 0.0052"]
