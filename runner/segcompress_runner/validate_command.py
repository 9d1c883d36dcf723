"""`segcompress validate`: what `validation` found, for people and for programs."""

import json
import os
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from segcompress_api.contract import ExitCode
from segcompress_api.manifest import SweepManifest
from segcompress_runner.findings import Findings
from segcompress_runner.job_file import read_manifest
from segcompress_runner.plain import plain
from segcompress_runner.storage import local_stores
from segcompress_runner.sweep_validation import of_template, validate_sweep
from segcompress_runner.validation import Means, Report, validate, validate_spec

_SHOWN = 50
"""Findings that are printed for people; --json holds all of them."""


def run(path: Path, work: Path, threads: int, *, spec_only: bool, as_json: bool) -> ExitCode:
    """Validate the job or sweep at `path`, print what was found, and return the exit code."""
    report = _report(path, Means(local_stores(os.environ), work, threads), spec_only=spec_only)
    if as_json:
        print(json.dumps(as_mapping(report), indent=2))
    else:
        _print(path, report)
    return ExitCode.SUCCEEDED if report.valid else ExitCode.INVALID_INPUT


def as_mapping(report: Report) -> dict[str, Any]:
    """Return a report as JSON holds it."""
    return {
        "valid": report.valid,
        "findings": [
            {key: value for key, value in plain(finding).items() if value not in (None, "")}
            for finding in report.findings
        ],
        "pictures": {"listed": report.listed, "lookedAt": report.looked_at},
        "classShares": {"train": _rounded(report.train), "val": _rounded(report.val)},
        "trial": None
        if report.trial is None
        else {
            "pictures": report.trial.pictures,
            "miou": round(report.trial.miou, 4),
            "classIou": [round(iou, 4) for iou in report.trial.class_iou],
        },
    }


def _report(path: Path, means: Means, *, spec_only: bool) -> Report:
    findings, manifest = Findings(), None
    with findings.each():
        manifest = read_manifest(path)
    if manifest is None:
        return Report(tuple(findings))
    if isinstance(manifest, SweepManifest):
        return _report_of_sweep(manifest, means, findings, spec_only=spec_only)
    if spec_only:
        validate_spec(manifest.spec, findings)
        return Report(tuple(findings))
    return validate(manifest.spec, means)


def _report_of_sweep(sweep: SweepManifest, means: Means, findings: Findings, *, spec_only: bool) -> Report:
    """Check the sweep and, if its trials are valid, the inputs of the first one."""
    first = validate_sweep(sweep.spec, findings)
    if spec_only or first is None or findings.invalid:
        return Report(tuple(findings))
    report, told = validate(first, means), Findings()
    validate_spec(first, told)  # for what has been told above, where it may be that of a trial
    findings.add(of_template(finding) for finding in report.findings if finding not in {*told})
    return replace(report, findings=tuple(findings))


def _print(path: Path, report: Report) -> None:
    for finding in report.findings[:_SHOWN]:
        print(finding, file=sys.stderr if finding.level == "error" else sys.stdout)
    if len(report.findings) > _SHOWN:
        print(f"… and {len(report.findings) - _SHOWN} more; --json lists all of them")
    if report.listed:
        print(f"checked {report.looked_at} of {report.listed} listed pictures")
    for name, shares in (("train", report.train), ("val", report.val)):
        if any(shares.values()):
            print(f"{name}: {', '.join(f'{label} {share:.1%}' for label, share in shares.items())}")
    if report.trial is not None:
        print(f"the model scores mIoU {report.trial.miou:.4f} on {report.trial.pictures} pictures")
    counts = Counter(finding.level for finding in report.findings)
    numbers = ", ".join(f"{counts[level]} {level}{'s' * (counts[level] > 1)}" for level in counts)
    print(f"{path}: {'valid' if report.valid else 'invalid'}{f' ({numbers})' if numbers else ''}")


def _rounded(shares: Mapping[str, float]) -> dict[str, float]:
    return {name: round(share, 4) for name, share in shares.items()}
