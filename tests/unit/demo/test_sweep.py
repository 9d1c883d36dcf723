"""The demo's sweep: where it points, and what it prints."""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from demo.inputs import Inputs
from demo.shipping import promote_command, report_command
from demo.sweep import frontier_table, sweep_for, trial_line
from demo.target import Target
from segcompress_api.sweep import SegCompressionSweep
from segcompress_runner import sweep_cli

TARGET = Target({}, (), "http://127.0.0.1:9000", "key", "secret", prefix="s3://acme/ml")


def _sweep(name: str = "sample") -> dict[str, Any]:
    return sweep_for(Inputs(name, Path("model"), Path("dataset")), TARGET)


def _frontier(*trials: tuple[str, dict[str, str], dict[str, str]]) -> list[dict[str, Any]]:
    return [
        {"name": name, "parameters": parameters, "metrics": metrics} for name, parameters, metrics in trials
    ]


def test_trials_read_and_write_below_the_target() -> None:
    spec = SegCompressionSweep.model_validate(_sweep()).spec.template.spec
    assert spec.model.inference is not None
    assert spec.model.inference.uri == "s3://acme/ml/models/sample/"
    assert spec.dataset.uri == "s3://acme/ml/datasets/sample/"
    assert spec.output.uri == "s3://acme/ml/compressed/sample-sweep/"


def test_sweep_over_own_pictures_has_a_name_of_its_own() -> None:
    assert _sweep("own-1a2b")["metadata"]["name"] == "sample-sweep-own-1a2b"


def test_frontier_is_a_table_of_parameters_and_figures() -> None:
    figures = {"compressed.miou": "0.75", "compressed.sparsity": "0.5", "miouDrop": "0.01"}
    frontier = _frontier(
        ("sweep-x-3", {"ratio": "0.5", "rate": "0.002"}, figures),
        ("sweep-x-11", {"ratio": "0.85", "rate": "0.0004"}, {**figures, "compressed.sparsity": "0.85"}),
    )
    lines = frontier_table({**_sweep(), "status": {"frontier": frontier}}).splitlines()
    assert [[cell.strip() for cell in line.strip("|").split("|")] for line in (lines[0], *lines[2:])] == [
        ["trial", "ratio", "rate", "compressed.miou", "compressed.sparsity", "miouDrop"],
        ["sweep-x-3", "0.5", "0.002", "0.75", "0.5", "0.01"],
        ["sweep-x-11", "0.85", "0.0004", "0.75", "0.85", "0.01"],
    ]
    assert len({len(line) for line in lines}) == 1


def test_trial_that_ended_is_told_with_its_parameters() -> None:
    ended = {"type": "Finished", "status": "True", "reason": "AcceptanceNotMet", "message": "mIoU 0.6"}
    trial = {
        "metadata": {
            "name": "sweep-x-3",
            "annotations": {"segcompress.dev/parameters": json.dumps({"ratio": "0.5", "rate": "0.002"})},
        },
        "status": {"conditions": [ended]},
    }
    assert trial_line(trial) == "sweep-x-3 (ratio 0.5, rate 0.002): AcceptanceNotMet: mIoU 0.6"


def _parsed(*command: str) -> argparse.Namespace:
    """Return the command as `segcompress` reads it."""
    parser = argparse.ArgumentParser()
    sweep_cli.add_parsers(parser.add_subparsers().add_parser)
    return parser.parse_args(command)


def test_report_is_of_the_sweep_in_the_targets_context_and_goes_into_the_bucket() -> None:
    options = _parsed(*report_command(_sweep(), replace(TARGET, context=("--context", "gke"))))
    assert (options.name, options.namespace, options.context) == ("sample-sweep", "segcompress-demo", "gke")
    assert (options.upload, options.output) == (True, None)


def test_best_trial_is_promoted_to_the_sweeps_own_address() -> None:
    manifest = {"uri": "s3://acme/ml/compressed/sample-sweep/k/measurements/m/manifest.json", "sha256": "ab"}
    trial = {"status": {"artifacts": {"manifest": manifest}}}
    options = _parsed(*promote_command(_sweep(), trial, TARGET))
    assert (options.result, options.sha256) == (manifest["uri"], manifest["sha256"])
    assert options.to == "s3://acme/ml/models/sample-sweep/"
    assert not options.even_rejected
