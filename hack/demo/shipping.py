"""Writes a sweep's report into the bucket, and promotes its best model to an address that stays the same."""

import json
import shlex
import sys
from pathlib import Path

from demo.console import run, say, step
from demo.jobs import NAMESPACE, Resource
from demo.target import Target

Command = tuple[str, ...]


def write_report(sweep: Resource, target: Target) -> None:
    """Put the sweep's report into the bucket, and print its address."""
    with step("Report: which model to ship, and why"):
        _segcompress(report_command(sweep, target), target)


def promote_best(sweep: Resource, target: Target) -> None:
    """Copy the best trial's model to its fixed address and print that; without a best trial, do nothing."""
    if "bestTrial" not in sweep["status"]:
        return
    best = sweep["status"]["bestTrial"]["name"]
    trial = json.loads(target.kubectl("get", "-n", NAMESPACE, "scj", best, "-o", "json"))
    with step(f"Promotion: {best} becomes the model that a service loads"):
        _segcompress(promote_command(sweep, trial, target), target)


def report_command(sweep: Resource, target: Target) -> Command:
    """Return the command that writes the report of `sweep` into the bucket."""
    return ("sweep-report", sweep["metadata"]["name"], "-n", NAMESPACE, *target.context, "--upload")


def promote_command(sweep: Resource, trial: Resource, target: Target) -> Command:
    """Return the command that copies the model of `trial` to the address of the sweep's model."""
    manifest = trial["status"]["artifacts"]["manifest"]
    to = target.uri("models", sweep["metadata"]["name"])
    return ("promote", manifest["uri"], to, "--sha256", manifest["sha256"])


def _segcompress(command: Command, target: Target) -> None:
    say(f"   segcompress {shlex.join(command)}")
    # The command of the interpreter that runs the demo, whose folder may not be on PATH.
    run([str(Path(sys.executable).with_name("segcompress")), *command], target.env)
