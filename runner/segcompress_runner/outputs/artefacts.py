"""The table of artefacts: what a saved model is exported to, by whom, and how like the model it must be.

A new format is a module that makes it, and a row here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from segcompress_api.job import ExportName, JobSpec
from segcompress_runner.errors import InvalidSettingError, NotExportableError
from segcompress_runner.measurement.judged import Bounds, Parity
from segcompress_runner.measurement.runtimes.row import Candidate, Kind
from segcompress_runner.measurement.runtimes.table import RUNTIMES
from segcompress_runner.outputs.file_names import MNN, ONNX, OPENVINO, OPENVINO_WEIGHTS
from segcompress_runner.outputs.mnn_export import export_mnn
from segcompress_runner.outputs.onnx_export import export_onnx
from segcompress_runner.outputs.openvino_export import export_openvino


@dataclass(frozen=True)
class Artefact:
    """One row: how it is made of a candidate, and the bounds of its parity with the saved model.

    `files` are the published names, the one that runtimes open first; `make` writes that file where it is
    told, and the others beside it. `made_of` is the artefact that it starts from, None: the saved model.
    """

    files: tuple[str, ...]
    made_of: ExportName | None
    make: Callable[[Candidate, Path], Path]
    bounds: Mapping[Kind, Bounds]


BOUNDS: Mapping[Kind, Bounds] = {
    "float": Bounds(miou_loss=0.005, pixels=0.005),
    # The file rounds where the saved model only observes: docs/decisions, "What an export must keep".
    "quantised": Bounds(miou_loss=0.01, pixels=None),
}

ARTEFACTS: Mapping[ExportName, Artefact] = {
    "ONNX": Artefact(
        files=(ONNX,),
        made_of=None,
        make=lambda candidate, to: export_onnx(candidate.files, to),
        bounds=BOUNDS,
    ),
    "OpenVINO": Artefact(
        files=(OPENVINO, OPENVINO_WEIGHTS),
        made_of="ONNX",
        make=lambda candidate, to: export_openvino(candidate.exports["ONNX"], to),
        bounds=BOUNDS,
    ),
    "MNN": Artefact(
        files=(MNN,),
        made_of="ONNX",
        make=lambda candidate, to: export_mnn(candidate.exports["ONNX"], to),
        bounds=BOUNDS,
    ),
}


def export(candidate: Candidate, name: ExportName, folder: Path, spec: JobSpec) -> Candidate:
    """Return `candidate` with that artefact, and what it is made of, below `folder`; made ones are kept.

    Raises InvalidSettingError that names the field of `spec` which asks for it, where it cannot be made.
    """
    artefact = ARTEFACTS[name]
    if name in candidate.exports:
        return candidate
    if artefact.made_of is not None:
        candidate = export(candidate, artefact.made_of, folder, spec)
    try:
        path = artefact.make(candidate, folder / artefact.files[0])
    except NotExportableError as error:
        fields, names = _asking(name, spec)
        raise InvalidSettingError(
            f"{' and '.join(fields)}: the model {candidate.files.program.name} cannot be exported to {name} "
            f"({error}); leave out {', '.join(names)}"
        ) from error
    return replace(candidate, exports={**candidate.exports, name: path})


def published(candidate: Candidate, name: ExportName) -> dict[str, Path]:
    """Return the files of a made artefact, by published name."""
    path = candidate.exports[name]
    return {file: path.with_name(file) for file in ARTEFACTS[name].files}


def _asking(name: ExportName, spec: JobSpec) -> tuple[list[str], list[str]]:
    """Return the fields because of which an artefact is made, and what they name that needs it."""
    asked = [
        *(("spec.benchmark.runtimes", one, RUNTIMES[one].artefact) for one in spec.benchmark.runtimes),
        *(("spec.exports", one, one) for one in spec.exports),
    ]
    found = [(where, one) for where, one, needs in asked if needs is not None and name in _chain(needs)]
    return list(dict.fromkeys(where for where, _ in found)), list(dict.fromkeys(str(one) for _, one in found))


def _chain(name: ExportName) -> tuple[ExportName, ...]:
    """Return what an artefact is made of, step by step, and the artefact."""
    made_of = ARTEFACTS[name].made_of
    return (name,) if made_of is None else (*_chain(made_of), name)


@dataclass(frozen=True)
class Exported:
    """What the compressed model was exported to: files by published name, and how like the model they are."""

    files: Mapping[str, Path] = field(default_factory=dict)
    parities: tuple[Parity, ...] = ()
