"""What Argo Workflows' executor waits for, with the conditions of our examples, on a real API server."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from devcluster.controlplane import ControlPlane
from integration.gitops.page import tables
from integration.operator.api import KINDS
from state_files import SHORT_NAMES, STATES, WORKFLOWS
from tools.checkouts import build, checkout, overlaid

PROGRAM = Path(__file__).parent / "argo_workflows/main.go"
PATIENCE_SECONDS = "20"
"""How long a resource is waited for that never meets a condition."""


@pytest.mark.parametrize("kind", STATES)
def test_executor_ends_as_the_page_says(plane: ControlPlane, written: str, tmp_path: Path, kind: str) -> None:
    folder = checkout("SEGCOMPRESS_ARGO_WORKFLOWS")
    flags = overlaid(folder, {"cmd/segcompress/main.go": PROGRAM}, tmp_path / "overlay.json")
    program = build(folder, "./cmd/segcompress", "argo-workflows-conditions", *flags)
    (template,) = yaml.safe_load(WORKFLOWS[kind].read_text())["spec"]["templates"]
    conditions = (template["resource"]["successCondition"], template["resource"]["failureCondition"])
    folder_of_kind = KINDS[SHORT_NAMES[kind]].format(written)
    command = (program, plane.kubeconfig, *conditions, PATIENCE_SECONDS, folder_of_kind, *STATES[kind])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {name: row["workflow"] for name, row in tables()[kind].items()}
