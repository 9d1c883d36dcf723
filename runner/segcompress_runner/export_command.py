"""`segcompress export`: what `exporting` made and found, for people."""

import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from segcompress_api.contract import ExitCode
from segcompress_runner.outputs.published import result_address
from segcompress_runner.paddle_lite.interpreter import Interpreter
from segcompress_runner.storage import local_stores

if TYPE_CHECKING:  # it imports Paddle
    from segcompress_runner.exporting import PhoneFile


def run(model: str, to: Path, python: str | None, work: Path, threads: int) -> ExitCode:
    """Export, print what was made and what it was held against, and return the exit code."""
    from rich.console import Console

    from segcompress_runner.terminal import progress_for

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Paddle's packages about one another
        from segcompress_runner import exporting

    progress, shown = progress_for(Console(stderr=True))
    means = exporting.Means(local_stores(os.environ), work, threads, progress, Interpreter(python))
    try:
        made = exporting.export_paddle_lite(result_address(model), to, means)
    finally:
        shown.finish()
    _print(made)
    return ExitCode.SUCCEEDED if made.gate is None or made.gate.passed else ExitCode.GATE_MISSED


def _print(found: "PhoneFile") -> None:
    made = found.made
    print(f"{made.path}: {made.path.stat().st_size} bytes, SHA-256 {found.sha256}")
    print(
        f"Paddle-Lite {found.version} for ARM; {made.sparse} of {made.convolutions} convolutions run on "
        "sparse kernels"
    )
    if found.gate is None:
        print("not evaluated: a folder with model files names no pictures; a published result does")
        return
    where = sys.stdout if found.gate.passed else sys.stderr
    mark = "" if found.gate.passed else "error: ExportMismatch: "
    print(f"{mark}{found.gate.message}", file=where)
    print(
        f"evaluated on {found.pictures} pictures by Paddle-Lite's kernels for x86; those for ARM were not run"
    )
