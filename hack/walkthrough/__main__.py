"""Does what the document asked for: labelme files and a PaddleSeg model, compressed in two ways, in a table.

Rows have the document's numbers. Nothing is mocked, and a second run finds its models published (`Reused`).
"""

import json
import sys
from typing import Any

import yaml

from demo.console import DemoError, interrupted, say, step
from demo.inputs import store_client, upload
from demo.jobs import Resource, check_succeeded, prepare_namespace, run_job
from demo.table import results_table
from demo.target import Target, prepare_target
from walkthrough.inputs import CONFIG, INPUTS, STRATEGIES, WEIGHTS, Seed, seed_inputs
from walkthrough.phones import export


def main() -> int:
    """Walk through the rows; what stops us is one sentence and exit code 1."""
    try:
        _walk()
    except DemoError as error:
        sys.stderr.write(f"seed-walkthrough: {error}\n")
        return 1
    except KeyboardInterrupt:
        return interrupted()
    return 0


def _walk() -> None:
    target = prepare_target()
    prepare_namespace(target)
    seed = seed_inputs()
    with step("Row 1: pictures marked with labelme"):
        _tell_dataset(seed)
    with step("Row 2: a PaddleSeg configuration and its weights"):
        _tell_model(seed)
        upload(seed.inputs, target)
    finished = {}
    for row, title in (("3.1", "Sparse"), ("3.2", "Quantised")):
        with step(f"Row {row}: {STRATEGIES[title]}"):
            say(_indented((INPUTS / STRATEGIES[title]).read_text()))
            finished[title] = run_job(job_for(title), target)
            _tell_run(finished[title], target)
    for job in finished.values():
        check_succeeded(job)
    with step("Row 4: the table"):
        say(f"\n{results_table(finished)}\n")
    with step("For the phone, which the document measured on: Paddle-Lite"):
        for title, job in finished.items():
            say(f"   {title}:\n{_indented(export(job, target))}")


def job_for(title: str) -> Resource:
    """Return the resource that compresses by one of the document's strategies."""
    job: Resource = yaml.safe_load((INPUTS / "job.yaml").read_text())
    name = f"seed-{title.lower()}"
    job["metadata"]["name"] = name
    job["spec"]["strategy"]["configUri"] = f"s3://models/seed/{STRATEGIES[title]}"
    job["spec"]["output"]["uri"] = f"s3://compressed/{name}/"
    return job


def _tell_dataset(seed: Seed) -> None:
    dataset, marked = seed.inputs.dataset, seed.marked
    line = (dataset / "train.txt").read_text().splitlines()[0]
    shapes = json.loads((dataset / line.split()[1]).read_text())["shapes"]
    listed = ", ".join(f"{shape['label']} ({len(shape['points'])} corners)" for shape in shapes)
    say(f"   {marked.files} labelme files with {marked.shapes} polygons")
    say(f"   {line.split()[1]}: {listed}")
    say(f"   train.txt: {line}")
    say(f"   the masks drawn from them have {marked.agreeing:.2%} of the sample's pixels")


def _tell_model(seed: Seed) -> None:
    folder = seed.inputs.model
    section = yaml.safe_load((folder / CONFIG).read_text())["model"]
    spec = job_for("Sparse")["spec"]["model"]["paddleseg"]
    say(f"   {CONFIG}: model: {json.dumps(section)}")
    say(f"   {WEIGHTS}: {(folder / WEIGHTS).stat().st_size} bytes")
    say(f"   the run exports it: input {spec['inputShape']}, output {spec['outputOp']}")


def _tell_run(job: Resource, target: Target) -> None:
    """Say which files the run published: the network as it was exported, and the compressed model."""
    result = _result(job, target)
    if result is None:
        return
    for file in result["files"]:
        say(f"   {file['name']}: {file['sizeBytes']} bytes, SHA-256 {file['sha256'][:16]}…")
    say(f"   {job['status']['artifacts']['model']['uri']}")


def _result(job: Resource, target: Target) -> dict[str, Any] | None:
    report = job["status"].get("artifacts", {}).get("report")
    if report is None:
        return None
    bucket, _, key = report["uri"].removeprefix("s3://").partition("/")
    response = store_client(target).get_object(bucket, key.replace("report.html", "result.json"))
    try:
        return dict(json.loads(response.data))
    finally:
        response.release_conn()


def _indented(text: str) -> str:
    return "\n".join(f"   | {line}" for line in text.rstrip().splitlines())


if __name__ == "__main__":
    sys.exit(main())
