"""An exported ONNX file as MNN's, by MNN's converter in a process of its own.

The converter's native function is called, and never MNN's command `mnnconvert`: that one installs a package
and reports to MNN's makers. It returns True whatever happens, so that the file tells whether it worked.

Layers with many zeros are marked for MNN's sparse kernels, which need the weights as initializers
(paddle2onnx writes Constant nodes): those over 60 % zeros, or, where zeros lie in blocks of four output
channels and the converter is told so, those over 30 %. Source: MNN 3.6.1, AddSparseInfo.cpp.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from segcompress_runner.child import check_not_killed, run_module
from segcompress_runner.errors import NotExportableError
from segcompress_runner.measurement.patterns import zeros_in_blocks

_BLOCK = 4
_IN_BLOCKS = 0.9
"""Share of the zeros of 1x1 convolutions that must lie in blocks, so that blocks are declared."""

_BLOCKS_OF_FOUR = b"\x0a\x051.0.0\x12\x0a\x08\x01\x1a\x06\x08\x01\x1a\x02\x20\x04"
"""MNN_compression.proto's Pipeline: version 1.0.0, and one algorithm of the type PRUNE with the parameters
(SIMD_OC, oc_blocks 4); its field numbers are in the descriptor that the converter carries."""

_CALM = "Converted Success!"
_ERROR_MARKS = ("[ERROR]", "Check failed", "not support", "Not Support", "Error")
_LONGEST = 300


def export_mnn(onnx: Path, to: Path) -> Path:
    """Write the model to `to` and return `to`; raises NotExportableError where MNN cannot hold it."""
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=to.parent) as folder:
        made = Path(folder, "model.mnn")
        ended = run_module(__name__, (str(onnx.resolve()), str(made.resolve())), folder=Path(folder))
        check_not_killed(ended, "the export to MNN")
        if ended.returncode or _CALM not in ended.stdout or not made.exists():
            raise NotExportableError(_cause(ended.stdout + ended.stderr))
        made.replace(to)
    return to


def _cause(output: str) -> str:
    """Return the first line in which the converter says what it minds, else its last."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if any(mark in line for mark in _ERROR_MARKS)]
    return (errors or lines[-1:] or ["the converter gave no error message"])[0].rstrip(".,")[:_LONGEST]


def _main(source: str, to: str) -> None:
    import _tools
    import onnx

    model = onnx.load(source)
    _constants_to_initializers(model)
    prepared = Path(to).with_suffix(".onnx")
    onnx.save(model, prepared)
    arguments = [
        "mnnconvert",
        "-f",
        "ONNX",
        "--modelFile",
        str(prepared),
        "--MNNModel",
        to,
        "--bizCode",
        "MNN",
    ]
    if _in_blocks(model):
        blocks = Path(to).with_suffix(".bin")
        blocks.write_bytes(_BLOCKS_OF_FOUR)
        arguments += ["--compressionParamsFile", str(blocks)]
    _tools.mnnconvert([*arguments, "--detectSparseSpeedUp"])


def _constants_to_initializers(model: Any) -> None:
    import onnx

    kept = []
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            tensor = onnx.helper.get_attribute_value(node.attribute[0])
            tensor.name = node.output[0]
            model.graph.initializer.append(tensor)
        else:
            kept.append(node)
    del model.graph.node[:]
    model.graph.node.extend(kept)


def _in_blocks(model: Any) -> bool:
    """Return whether the zeros of the 1x1 convolutions lie in blocks of four output channels."""
    from onnx import numpy_helper

    names = {node.input[1] for node in model.graph.node if node.op_type == "Conv"}
    weights = [numpy_helper.to_array(one) for one in model.graph.initializer if one.name in names]
    pointwise = [weight for weight in weights if weight.shape[2:] == (1, 1) and weight.shape[1] > 1]
    zeros = sum(zeros_in_blocks(weight, 1) for weight in pointwise)
    return zeros > 0 and sum(zeros_in_blocks(weight, _BLOCK) for weight in pointwise) >= _IN_BLOCKS * zeros


if __name__ == "__main__":
    _main(*sys.argv[1:])
