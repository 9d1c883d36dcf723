"""The table of artefacts: what a saved model is exported to, by whom, and how like the model it must be.

A new format is a module that makes it, and a row here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.gates import Bounds, Parity
from segcompress_runner.measurement.runtimes.row import ArtefactName, Kind
from segcompress_runner.outputs.onnx_export import export_onnx
from segcompress_runner.outputs.publish import ONNX


@dataclass(frozen=True)
class Artefact:
    """One row: the published file's name, its maker, and the bounds of its parity with the saved model."""

    file: str
    make: Callable[[ModelFiles, Path], Path]
    bounds: Mapping[Kind, Bounds]


ARTEFACTS: Mapping[ArtefactName, Artefact] = {
    "ONNX": Artefact(
        file=ONNX,
        make=export_onnx,
        bounds={
            "float": Bounds(miou_loss=0.005, pixels=0.005),
            # The file rounds where the saved model only observes: docs/decisions, "What an export must keep".
            "quantised": Bounds(miou_loss=0.01, pixels=None),
        },
    ),
}


@dataclass(frozen=True)
class Exported:
    """What the compressed model was exported to: files by published name, and how like the model they are."""

    files: Mapping[str, Path] = field(default_factory=dict)
    parities: tuple[Parity, ...] = ()
