"""An inference model as ONNX, by paddle2onnx in a process of its own.

paddle2onnx 1.3.1 answers a model that it cannot export with abort() and prints as it goes: neither may happen
to the run's own process. Quantised programs become QuantizeLinear/DequantizeLinear pairs, whose scales for
each channel need opset 13. Whether the file gives what the model gives is found out by evaluating it.
"""

import importlib.machinery
import importlib.util
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from segcompress_runner.child import check_not_killed, crash, run_module
from segcompress_runner.errors import NotExportableError
from segcompress_runner.inputs.model import ModelFiles, parse_program

OPSET = 13
_MARKS = re.compile(r"\x1b\[[0-9;]*m|\[(ERROR|Paddle2ONNX)\]\s*|Oops, ")
OPTIMISED = 3000
"""Operators up to which paddle2onnx optimises what it writes.

For that it reads its own graph in a time that grows with their square: minutes for the 4,189 of a quantised
HRNet-W18. Runtimes optimise what they load themselves.
"""


_CRASHES = {"SIGFPE": "SIGFPE, as for an adaptive pooling into more bins than its input has values"}
"""What a signal stands for where that is known."""

_ERROR_MARKS = ("[ERROR]", "not supported", "Error:")


def export_onnx(files: ModelFiles, to: Path) -> Path:
    """Write the model to `to` as checked ONNX, free dimensions kept, and return `to`.

    Raises NotExportableError where ONNX cannot hold the model. A file already at `to` is replaced, or kept as
    it is where the export fails.
    """
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=to.parent) as folder:
        made = Path(folder, "model.onnx")
        inputs = (files.program.resolve(), files.params.resolve())
        optimised = "optimised" if _operators(files) <= OPTIMISED else "as it is"
        ended = run_module(__name__, [*map(str, (*inputs, made.resolve())), optimised], folder=Path(folder))
        check_not_killed(ended, "the export to ONNX")
        if ended.returncode or not made.exists():
            raise NotExportableError(_cause(ended))
        made.replace(to)
    return to


def _operators(files: ModelFiles) -> int:
    return sum(len(block.ops) for block in parse_program(files.program).blocks)


def _cause(ended: subprocess.CompletedProcess[str]) -> str:
    """Return the line that says what it minds, or the signal that ended it, or its last line."""
    lines = [line for line in (ended.stdout + ended.stderr).splitlines() if line.strip()]
    errors = [line for line in lines if any(mark in line for mark in _ERROR_MARKS)]
    if not errors and (name := crash(ended)):
        return f"paddle2onnx crashed: {_CRASHES.get(name, name)}"
    line = errors[0] if errors else (lines or ["paddle2onnx gave no error message"])[-1]
    return _MARKS.sub("", line).strip().rstrip(".,")[:300]


def _main(program: str, params: str, to: str, optimised: str) -> None:
    import onnx

    content = _converter().export(program, params, *_settings(optimised=optimised == "optimised"))
    Path(to).write_bytes(content)
    onnx.checker.check_model(to, full_check=True)


def _settings(*, optimised: bool) -> tuple[Any, ...]:
    """Return the converter's arguments after the files.

    In order: opset; a higher one where an operator needs it; not verbose; checked; experimental operators;
    optimised; no operators of our own; for ONNX Runtime; no calibration file; no external data; no fp16.
    """
    return OPSET, True, False, True, True, optimised, {}, "onnxruntime", "", "", False


def _converter() -> Any:
    """Return paddle2onnx's native module, past its package: that would import all of Paddle for a wrapper."""
    package = importlib.util.find_spec("paddle2onnx")
    folders = (package and package.submodule_search_locations) or []
    spec = importlib.machinery.PathFinder.find_spec("paddle2onnx_cpp2py_export", list(folders))
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError("paddle2onnx 1.3.1 is not installed", name="paddle2onnx")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    _main(*sys.argv[1:])
