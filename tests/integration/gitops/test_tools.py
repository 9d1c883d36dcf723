"""What other tools say of each state, asked of their own libraries: the table of docs/gitops.md."""

import json
import os
import subprocess
from typing import Any

import pytest
import yaml

from devcluster.layout import Layout
from documents import ROOT
from integration.gitops.page import table
from states import FOLDER, files, states

EXAMPLES = ROOT / "examples/gitops"

Answers = dict[str, Any]


@pytest.fixture(scope="module")
def answers() -> dict[str, Answers]:
    """Return what each tool says, by state."""
    program = Layout.from_environment(os.environ).bin / "states"
    done = subprocess.run(
        (
            program,
            FOLDER,
            FOLDER.parent / "health.lua",
            EXAMPLES / "flux/kustomization.yaml",
            EXAMPLES / "argo-workflows/workflow.yaml",
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Answers] = json.loads(done.stdout)
    return found


def test_the_files_are_what_the_operator_writes() -> None:
    """`PYTHONPATH=tests:hack .venv/bin/python -m states` writes them anew."""
    assert {path: path.read_text() for path in FOLDER.glob("*.yaml")} == files()


def test_the_page_has_every_state() -> None:
    assert list(table()) == list(states())


@pytest.mark.parametrize("state", states())
def test_the_page_says_what_the_tools_say(answers: dict[str, Answers], state: str) -> None:
    said = answers[state]
    row = table()[state]
    assert row["phase"] == states()[state]["status"].get("phase", "")
    assert {name: row[name] for name in ("kstatus", "flux", "workflow")} == {
        name: said[name] for name in ("kstatus", "flux", "workflow")
    }
    assert row["argocd"] == said["argocd"]["status"]


def test_argo_cds_own_kind_of_test_passes(answers: dict[str, Answers]) -> None:
    tests = yaml.safe_load((FOLDER.parent / "health_test.yaml").read_text())["tests"]
    expected = {test["inputPath"]: test["healthStatus"] for test in tests}
    assert expected == {f"testdata/{name}.yaml": said["argocd"] for name, said in answers.items()}
