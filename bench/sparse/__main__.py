"""Models with three of four weights zero on MNN, beside dense ones: one thread, taking turns in one run.

    make bench-sparse
    python -m bench.sparse [--only NAME]

Each case is a job of `segcompress run`. PP-HumanSeg-Lite is the sample's trained model; the weights of
another network stay random if its case has no iterations for them. All cases are written to docs/sparse.md;
the table of a single case is printed.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from bench.sparse.layers import times_of
from bench.sparse.page import Case, page, table, time_table

from segcompress_api.contract import ExitCode

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "examples" / "sample"
CASES = Path(__file__).with_name("cases.yaml")
BUILD = ROOT / "build" / "bench-sparse"
PAGE = ROOT / "docs" / "sparse.md"
TRAINED_HERE = "PP-HumanSeg-Lite"
"""The network whose trained weights the sample has."""


def main() -> int:
    """Run the cases; write or print the results."""
    known: dict[str, dict[str, Any]] = yaml.safe_load(CASES.read_text())["cases"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", choices=known)
    options = parser.parse_args()
    started = time.monotonic()
    names = [options.only] if options.only else list(known)
    cases = [_run(name, known[name]) for name in names]
    if options.only:
        print(table(cases), time_table(cases), sep="\n\n")
    else:
        PAGE.write_text(page(cases, time.monotonic() - started))
        print(f"written to {PAGE.relative_to(ROOT)}")
    return 0


def _run(name: str, case: Mapping[str, Any]) -> Case:
    """Run one case; a missed gate is a result, anything else ends the bench."""
    network, folder = case.get("network", name), BUILD / name.replace(", ", "-").replace(" ", "-")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "job.yaml"
    path.write_text(json.dumps(job_of(case, _model(network, case), _dataset(folder, case["validation"]))))
    command = (sys.executable, "-m", "segcompress", "run", str(path), "--output", f"{folder}/out")
    code = subprocess.run(command, check=False).returncode
    if code not in (ExitCode.SUCCEEDED, ExitCode.GATE_MISSED):
        sys.exit(f"{name}: ended with exit code {code}")
    out = folder / "out"
    origin = SAMPLE / "model" if network == TRAINED_HERE else out / "baseline"
    times = times_of(origin, out / "model.mnn", (1, 3, *case["size"]))
    return Case(name, case, json.loads((out / "result.json").read_text()), _teacher(network), times)


def _model(network: str, case: Mapping[str, Any]) -> dict[str, Any]:
    """Return `spec.model`: the sample's, or a network that is trained now unless it was before."""
    if network == TRAINED_HERE:
        return {"inference": {"uri": f"{(SAMPLE / 'model').as_uri()}/"}}
    folder = BUILD / network
    trained = ("bench.networks", network, str(folder), "--iterations", str(case["teacher"]))
    subprocess.run((sys.executable, "-m", *trained), check=True)
    return {
        "paddleseg": {
            "configUri": (folder / "net.yml").as_uri(),
            "weightsUri": (folder / "model.pdparams").as_uri(),
            "inputShape": [-1, 3, *case["size"]],
            "outputOp": "none",
        }
    }


def _dataset(folder: Path, validation: int) -> Path:
    """Return a copy of the sample's pictures whose validation list is cut to that length."""
    copy = folder / "dataset"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(SAMPLE / "dataset", copy)
    listed = (copy / "val.txt").read_text().splitlines(keepends=True)
    (copy / "val.txt").write_text("".join(listed[:validation]))
    return copy


def _teacher(network: str) -> dict[str, Any]:
    """Return how long the dense model was trained."""
    file = SAMPLE / "model/teacher.json" if network == TRAINED_HERE else BUILD / network / "network.json"
    trained: dict[str, Any] = json.loads(file.read_text())
    return trained


def job_of(case: Mapping[str, Any], model: Mapping[str, Any], dataset: Path) -> dict[str, Any]:
    """Return the job of a case."""
    height, width = case["size"]
    resize = {"type": "Resize", "target_size": [width, height]}
    return {
        "apiVersion": "segcompress.dev/v1alpha1",
        "kind": "SegCompressionJob",
        "metadata": {"name": "bench-sparse"},
        "spec": {
            "model": model,
            "dataset": {
                "uri": f"{dataset.as_uri()}/",
                "numClasses": 2,
                "batchSize": case["batch"],
                "trainTransforms": [resize, {"type": "RandomHorizontalFlip"}, {"type": "Normalize"}],
                "valTransforms": [resize, {"type": "Normalize"}],
            },
            "strategy": case["strategy"],
            "benchmark": {
                "runtimes": ["MNN"],
                "threads": 1,
                "minQueries": case["queries"],
            },
            "acceptance": {
                "maxMiouDrop": "0.006",
                "minSpeedup": {"runtime": "MNN", "ratio": str(case["goal"])},
            },
            "output": {"uri": (BUILD / "out").as_uri()},
            "runtime": {"device": "CPU"},
        },
    }


if __name__ == "__main__":
    sys.exit(main())
