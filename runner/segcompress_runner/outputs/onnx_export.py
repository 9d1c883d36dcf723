"""An inference model as ONNX, by paddle2onnx in a process of its own.

paddle2onnx 1.3.1 answers a model that it cannot export with abort() and prints as it goes: neither may happen
to the run's own process. Quantised programs become QuantizeLinear/DequantizeLinear pairs, whose scales for
each channel need opset 13. Whether the file gives what the model gives is found out by evaluating it.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.model import ModelFiles

OPSET = 13
_MARKS = re.compile(r"\x1b\[[0-9;]*m|\[(ERROR|Paddle2ONNX)\]\s*")
_TOLD = ("[ERROR]", "not supported", "Error:")


def export_onnx(files: ModelFiles, to: Path) -> Path:
    """Write the model to `to` as checked ONNX, free dimensions kept, and return `to`.

    Raises InvalidSettingError naming spec.benchmark.runtimes, the only reason to export, where the model
    cannot be exported. A file already at `to` is replaced, or kept as it is where the export fails.
    """
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=to.parent) as folder:
        made = Path(folder, "model.onnx")
        command = [sys.executable, "-m", __name__, files.program, files.params, made]
        ended = subprocess.run(
            [str(part) for part in command],
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            env=os.environ | {"PYTHONWARNINGS": "ignore"},
        )
        if ended.returncode or not made.exists():
            raise InvalidSettingError(
                f"spec.benchmark.runtimes: the model {files.program.name} cannot be exported to ONNX for "
                f"ONNXRuntime ({_cause(ended.stdout + ended.stderr)}); leave ONNXRuntime out"
            )
        made.replace(to)
    return to


def _cause(output: str) -> str:
    """Return the line in which paddle2onnx says what it minds, else its last."""
    lines = [line for line in output.splitlines() if line.strip()]
    told = [line for line in lines if any(mark in line for mark in _TOLD)]
    line = (told or lines or ["paddle2onnx ended without a word"])[-1 if not told else 0]
    return _MARKS.sub("", line).strip().rstrip(".")[:300]


def _main(program: str, params: str, to: str) -> None:
    import onnx
    import paddle2onnx

    paddle2onnx.export(
        program,
        params,
        to,
        opset_version=OPSET,
        auto_upgrade_opset=True,
        verbose=False,
        enable_onnx_checker=True,
        enable_experimental_op=True,
        enable_optimize=True,
        deploy_backend="onnxruntime",
    )
    onnx.checker.check_model(to, full_check=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
