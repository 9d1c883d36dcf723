"""The notebook in examples/, run by a real kernel; the test acts as the operator."""

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

from documents import ROOT
from integration.client.conftest import Played, Published, Terminal
from integration.client.test_jobs import RUNNING, SUCCEEDED
from integration.operator.api import Body, eventually
from integration.operator.objects import METRICS
from segcompress.client import Client

EXAMPLES = ("01-sparse", "02-quantised", "05-notebook")
JOBS = ("sample-sparse", "sample-quantised")


def outputs(notebook: Body) -> str:
    """Return the output and results of the cells."""
    found = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
    return "".join("".join(one.get("text") or one["data"]["text/plain"]) for one in found)


def test_notebook_runs(terminal: Terminal, played: Played, client: Client, published: Published) -> None:
    for name in EXAMPLES:
        shutil.copytree(ROOT / "examples" / name, terminal.folder / name)
    done = {**SUCCEEDED, "metrics": METRICS, "artifacts": published.artifacts}

    def operate() -> None:
        eventually(lambda: len(client.list()) == len(JOBS), "both jobs")
        for name in JOBS:
            played.tell(name, RUNNING)
            played.tell(name, done)

    acting = threading.Thread(target=operate, daemon=True)
    acting.start()
    folder = terminal.folder / "05-notebook"
    environment = {"KUBECONFIG": str(terminal.own_kubeconfig()), "IPYTHONDIR": str(terminal.folder)}
    ran = subprocess.run(
        [Path(sys.executable).with_name("jupyter-execute"), "--inplace", "compare.ipynb"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    acting.join()
    printed = outputs(json.loads((folder / "compare.ipynb").read_text()))
    assert f"namespace: {terminal.namespace}\n" in printed
    assert "sample-quantised accepted\n  mIoU 0.9235 latency in ms 37.712 bytes 555918\n" in printed
    assert {path.name for path in (folder / "model").iterdir()} == {
        "model.onnx",
        "model.pdiparams",
        "model.pdmodel",
    }


def test_notebook_is_kept_without_outputs() -> None:
    notebook = json.loads(Path(ROOT / "examples/05-notebook/compare.ipynb").read_text())
    assert not outputs(notebook)
