"""What Argo Workflows' executor waits for, with the conditions of our example, on a real API server."""

import json
import subprocess
from pathlib import Path

import yaml

from devcluster.controlplane import ControlPlane
from documents import ROOT
from integration.gitops.page import table
from states import states
from tools.checkouts import build, checkout, overlaid

PROGRAM = Path(__file__).parent / "argo_workflows/main.go"
EXAMPLE = ROOT / "examples/gitops/argo-workflows/workflow.yaml"
PATIENCE_SECONDS = "20"
"""How long a resource is waited for that never meets a condition."""


def test_executor_ends_as_the_page_says(plane: ControlPlane, written: str, tmp_path: Path) -> None:
    folder = checkout("SEGCOMPRESS_ARGO_WORKFLOWS")
    flags = overlaid(folder, {"cmd/segcompress/main.go": PROGRAM}, tmp_path / "overlay.json")
    program = build(folder, "./cmd/segcompress", "argo-workflows-conditions", *flags)
    (template,) = yaml.safe_load(EXAMPLE.read_text())["spec"]["templates"]
    conditions = (template["resource"]["successCondition"], template["resource"]["failureCondition"])
    command = (program, plane.kubeconfig, *conditions, PATIENCE_SECONDS, written, *states())
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {name: row["workflow"] for name, row in table().items()}
