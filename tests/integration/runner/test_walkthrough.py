"""What `make seed-walkthrough` gives to its jobs: the sample's masks and model in the document's formats."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from demo.target import ROOT
from segcompress_api.model import PaddleSegModel
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.inputs.networks.export import Network, export_network
from segcompress_runner.inputs.networks.section import read_section
from segcompress_runner.measurement.runtimes.paddle_inference import PaddleSession
from walkthrough.__main__ import job_for
from walkthrough.inputs import CONFIG, INPUTS, STRATEGIES, WEIGHTS
from walkthrough.labelme_files import mark

SAMPLE = ROOT / "examples" / "sample"


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a small sample: masks, the same as labelme files, and the network."""
    folder = tmp_path_factory.mktemp("walkthrough")
    few = ("--train", "8", "--val", "8")
    script(SAMPLE / "make_dataset.py", str(folder / "masks"), *few)
    mark(folder / "masks", folder / "marked")
    script(ROOT / "hack/walkthrough/weights.py", str(SAMPLE / "model"), str(folder / WEIGHTS))
    for name in (CONFIG, *STRATEGIES.values()):
        shutil.copyfile(INPUTS / name, folder / name)
    return folder


def script(path: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, str(path), *arguments], check=True, capture_output=True)


def validated(folder: Path, spec: dict[str, Any], name: str) -> Any:
    job = {**job_for("Sparse"), "spec": spec}
    (folder / name).write_text(yaml.safe_dump(job))
    command = [sys.executable, "-m", "segcompress", "validate", name, "--json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder)
    report = json.loads(done.stdout)
    assert done.returncode == 0, report["findings"]
    return report


def here(folder: Path, spec: dict[str, Any]) -> dict[str, Any]:
    """Return `spec` with the addresses of a cluster's store as files of the folder."""
    text = json.dumps(spec)
    for kind, path in (("models/seed", "."), ("datasets/seed", "marked"), ("compressed", "out")):
        text = text.replace(f"s3://{kind}/", f"file://{(folder / path).resolve()}/")
    return dict(json.loads(text))


@pytest.mark.parametrize("title", STRATEGIES)
def test_a_job_of_the_walkthrough_is_valid_and_has_the_masks_of_the_sample(inputs: Path, title: str) -> None:
    marked = here(inputs, job_for(title)["spec"])
    on_masks = json.loads(json.dumps(marked).replace("/marked/", "/masks/").replace("Labelme", "PaddleSeg"))
    reports = [validated(inputs, spec, "job.yaml") for spec in (marked, on_masks)]
    assert reports[0]["classShares"] == reports[1]["classShares"]
    assert reports[0]["pictures"]["listed"] == 16


def test_the_network_with_its_weights_answers_as_the_sample_model(inputs: Path, tmp_path: Path) -> None:
    model = PaddleSegModel.model_validate(here(inputs, job_for("Sparse")["spec"])["model"]["paddleseg"])
    section = read_section(CONFIG, (INPUTS / CONFIG).read_bytes(), 2)
    exported = export_network(Network(model, section), inputs / WEIGHTS, tmp_path)
    sample = ModelFiles(SAMPLE / "model/model.pdmodel", SAMPLE / "model/model.pdiparams")
    picture = np.random.default_rng(1).normal(size=(1, 3, 192, 192)).astype(np.float32)
    answers = [PaddleSession(files).run(picture) for files in (exported, sample)]
    assert np.abs(answers[0] - answers[1]).max() < 1e-5
