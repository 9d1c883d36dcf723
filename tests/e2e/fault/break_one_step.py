"""Breaks one step of the runner, by the resource's name: for ends that a sound runner cannot be led to.

Python imports this at its start in the fault image, and nowhere else does anybody.

- `…zeros-lost`: masks zero half of what is asked for, as a pruner would that forgets its ramp.
- `…export-wrong`: the compressed model's ONNX file gets its last convolution negated.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

_RUN_CONFIG = Path("/etc/segcompress/run-config.json")


def _lose_zeros() -> None:
    from segcompress_runner.compression import magnitude

    sound = magnitude.masks_at_ratio

    def masks_at_ratio(
        weights: magnitude.Weights, ratio: float, *, local: bool, block: int = 1
    ) -> magnitude.Masks:
        return sound(weights, ratio / 2, local=local, block=block)

    magnitude.masks_at_ratio = masks_at_ratio


def _export_wrongly() -> None:
    from segcompress_runner.outputs import onnx_export

    sound = onnx_export.export_onnx

    def export_onnx(files: Any, to: Path) -> Path:
        made = sound(files, to)
        if to.name == "model.onnx":
            _negate_last_convolution(to)
        return made

    onnx_export.export_onnx = export_onnx


def _negate_last_convolution(path: Path) -> None:
    import onnx
    from onnx import numpy_helper

    model = onnx.load(path)
    last = [node for node in model.graph.node if node.op_type == "Conv"][-1]
    # paddle2onnx writes weights as constants.
    (weight,) = (node for node in model.graph.node if last.input[1] in node.output)
    tensor = weight.attribute[0].t
    tensor.CopyFrom(numpy_helper.from_array(-numpy_helper.to_array(tensor), tensor.name))
    onnx.save(model, path)


_FAULTS: dict[str, Callable[[], None]] = {"zeros-lost": _lose_zeros, "export-wrong": _export_wrongly}

if _RUN_CONFIG.is_file():
    _NAME = json.loads(_RUN_CONFIG.read_text())["name"]
    for _end, _spoil in _FAULTS.items():
        if _NAME.endswith(_end):
            _spoil()
