"""What the README shows without a cluster, done literally in a fresh copy of the project."""

import shutil
import subprocess
from pathlib import Path

import pytest

from documents import ROOT, block, run
from segcompress_runner.cli import main

INSTALL = "make install sample"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a folder with the files that git knows, and nothing that was made from them."""
    listed = subprocess.run(("git", "ls-files", "-z"), cwd=ROOT, capture_output=True, text=True, check=True)
    for file in filter(None, listed.stdout.split("\0")):
        if (ROOT / file).exists():
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, tmp_path / file)
    return tmp_path


@pytest.mark.timeout(1500)  # It installs everything, and trains.
def test_without_a_cluster(clone: Path) -> None:
    commands = block(f"README.md: {INSTALL}").text
    printed = run(commands, clone)
    assert "compressed" in printed
    assert {path.name for path in (clone / "out").rglob("*") if path.is_file()} >= {
        "manifest.json",
        "model.onnx",
        "model.pdiparams",
        "model.pdmodel",
        "report.html",
        "result.json",
    }
    example = block(f"examples/03-without-a-cluster/README.md: {INSTALL}").text
    assert set(example.splitlines()) <= set(commands.splitlines())


def test_job_is_valid(tmp_path: Path) -> None:
    job = tmp_path / "job.yaml"
    job.write_text(block("README.md: apiVersion: segcompress.dev/v1alpha1").text)
    assert main(["validate", str(job), "--spec-only"]) == 0
