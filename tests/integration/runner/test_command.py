"""`segcompress run` from a YAML to its table, as a user without a cluster runs it."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from . import tiny
from .conftest import make_spec, write_dataset
from .runs import changed


@dataclass(frozen=True)
class Folder:
    """A folder with a job's YAML, and what it names beside it."""

    path: Path

    def segcompress(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command; results go to `out/`."""
        command = [sys.executable, "-m", "segcompress", *arguments]
        return subprocess.run(command, check=False, capture_output=True, text=True, cwd=self.path)

    def write(self, path: str = "seed", value: object = 0) -> None:
        """Write the job with one field set."""
        spec = changed(make_spec("x", "x"), "model.inference.uri", "file://./model/")
        spec = changed(changed(spec, "dataset.uri", "file://./dataset/"), "output.uri", "file://./out/")
        head = {
            "apiVersion": "segcompress.dev/v1alpha1",
            "kind": "SegCompressionJob",
            "metadata": {"name": "x"},
        }
        (self.path / "job.yaml").write_text(yaml.safe_dump({**head, "spec": changed(spec, path, value)}))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    path = tmp_path_factory.mktemp("command")
    tiny.save(path / "model")
    write_dataset(path / "dataset")
    return Folder(path)


RUN = ("run", "job.yaml", "--output", "out")
EXPORT = ("export", "--format", "paddle-lite")


@pytest.fixture(scope="module")
def first(folder: Folder) -> subprocess.CompletedProcess[str]:
    folder.write()
    return folder.segcompress(*RUN)


def test_run_ends_with_its_table_and_every_file_in_one_folder(
    folder: Folder, first: subprocess.CompletedProcess[str]
) -> None:
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("Succeeded: mIoU ")
    for words in ("baseline", "compressed", "latency: median at batch 1 on PaddleInference, 1 thread, "):
        assert words in first.stdout
    out = folder.path / "out"
    assert {path.name for path in out.iterdir()} == {
        "manifest.json",
        "model-manifest.json",
        "model.pdiparams",
        "model.pdmodel",
        "report.html",
        "result.json",
        "table.md",
    }
    result = json.loads((out / "result.json").read_text())
    assert result["accepted"] is True
    assert result["machine"]["cpu"] in (out / "table.md").read_text()
    assert f"model:    file://{out}/" in first.stdout


def test_report_shows_the_table_of_the_run_again(
    folder: Folder, first: subprocess.CompletedProcess[str]
) -> None:
    shown = folder.segcompress("report", "out")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout == f"{first.stdout}report:   {folder.path}/out/report.html\n"


@pytest.mark.usefixtures("interpreter")
def test_export_for_phones_is_held_against_the_saved_model(
    folder: Folder, first: subprocess.CompletedProcess[str]
) -> None:
    assert first.returncode == 0
    made = folder.segcompress(*EXPORT, "out", "-o", "phone/model.nb")
    assert made.returncode == 0, made.stderr
    size = (folder.path / "phone" / "model.nb").stat().st_size
    miou = json.loads((folder.path / "out" / "result.json").read_text())["metrics"]["compressed"]["miou"]
    assert f"phone/model.nb: {size} bytes, SHA-256 " in made.stdout
    assert "Paddle-Lite v2.13-rc for ARM; 0 of 3 convolutions run on sparse kernels" in made.stdout
    assert f"mIoU of the Paddle-Lite file: {miou}, of the saved model: {miou}" in made.stdout
    assert "evaluated on 4 pictures by Paddle-Lite's kernels for x86" in made.stdout


@pytest.mark.usefixtures("interpreter")
def test_export_of_a_plain_model_says_that_it_was_not_evaluated(folder: Folder) -> None:
    made = folder.segcompress(*EXPORT, "model", "-o", "plain.nb")
    assert made.returncode == 0, made.stderr
    assert "not evaluated: " in made.stdout
    assert (folder.path / "plain.nb").is_file()


@pytest.mark.usefixtures("interpreter")
def test_export_is_refused_where_the_pictures_are_others_now(
    folder: Folder, first: subprocess.CompletedProcess[str]
) -> None:
    assert first.returncode == 0
    mask = folder.path / "dataset" / "12-mask.png"
    before = mask.read_bytes()
    try:
        mask.write_bytes((folder.path / "dataset" / "13-mask.png").read_bytes())
        refused = folder.segcompress(*EXPORT, "out", "-o", "late.nb")
    finally:
        mask.write_bytes(before)
    assert refused.returncode == 3
    assert "/dataset: pictures changed since the run" in refused.stderr
    assert not (folder.path / "late.nb").exists()


def test_second_run_is_reused_and_a_changed_gate_is_measured_into_the_same_folder(
    folder: Folder, first: subprocess.CompletedProcess[str]
) -> None:
    assert first.returncode == 0
    weights = (folder.path / "out" / "model.pdiparams").read_bytes()
    assert folder.segcompress(*RUN).stdout.startswith("Reused: the same run was published on ")

    folder.write("acceptance", {"minSparsity": "0.9"})
    missed = folder.segcompress(*RUN)
    assert missed.returncode == 4, missed.stderr
    assert "AcceptanceNotMet: sparsity" in missed.stderr
    assert json.loads((folder.path / "out" / "result.json").read_text())["accepted"] is False
    assert (folder.path / "out" / "model.pdiparams").read_bytes() == weights


def test_folder_of_another_model_is_refused(folder: Folder, first: subprocess.CompletedProcess[str]) -> None:
    assert first.returncode == 0
    folder.write("seed", 1)
    refused = folder.segcompress(*RUN)
    assert refused.returncode == 3
    assert (
        refused.stderr.rstrip()
        .splitlines()[-1]
        .startswith(f"error: file://{folder.path}/out: holds the model ")
    )
