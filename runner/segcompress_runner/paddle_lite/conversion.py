"""An inference model as Paddle-Lite's .nb file."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from segcompress_runner.errors import NotExportableError
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.paddle_lite.interpreter import Interpreter

Target = Literal["arm", "x86"]
_ERROR_MARKS = ("Error:", "Check failed")
_LONGEST = 300


@dataclass(frozen=True)
class LiteFile:
    """A .nb file, and how many of its convolutions run on sparse kernels."""

    path: Path
    sparse: int
    convolutions: int


def convert(files: ModelFiles, to: Path, target: Target, interpreter: Interpreter) -> LiteFile:
    """Write the model to `to`, optimised for the target's kernels.

    Raises NotExportableError where Paddle-Lite cannot hold it.
    """
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=to.parent) as folder:
        made = Path(folder, "model")
        inputs = (str(files.program.resolve()), str(files.params.resolve()))
        ended = interpreter.run("convert", *inputs, str(made), target)
        if ended.returncode:
            raise NotExportableError(_cause(ended.stdout + ended.stderr))
        told = json.loads(made.with_suffix(".json").read_text())
        made.with_suffix(".nb").replace(to)
    return LiteFile(to, told["sparse"], told["convolutions"])


def _cause(output: str) -> str:
    """Return the first line in which Paddle-Lite says what it minds, else its last."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if any(mark in line for mark in _ERROR_MARKS)]
    line = (errors or lines[-1:] or ["Paddle-Lite ended without a word"])[0]
    return line.removeprefix("Error: ").rstrip(".,")[:_LONGEST]
