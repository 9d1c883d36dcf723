"""An inference model as Paddle-Lite's .nb file."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from segcompress_runner.errors import NotExportableError
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.paddle_lite.interpreter import Interpreter, complaint

Target = Literal["arm", "x86"]


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
            cause = complaint(ended.stdout + ended.stderr) or "Paddle-Lite gave no error message"
            raise NotExportableError(cause)
        told = json.loads(made.with_suffix(".json").read_text())
        made.with_suffix(".nb").replace(to)
    return LiteFile(to, told["sparse"], told["convolutions"])
