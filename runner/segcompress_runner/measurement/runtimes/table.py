"""The table of runtimes: a new one is a module with a row, and a line here."""

from collections.abc import Mapping, Sequence

from segcompress_api.benchmark import RuntimeName
from segcompress_api.job import ExportName
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.measurement.runtimes import (
    mnn_runtime,
    onnx_runtime,
    openvino_runtime,
    paddle_inference,
)
from segcompress_runner.measurement.runtimes.row import Runtime

RUNTIMES: Mapping[RuntimeName, Runtime] = {
    row.name: row
    for row in (paddle_inference.RUNTIME, onnx_runtime.RUNTIME, openvino_runtime.RUNTIME, mnn_runtime.RUNTIME)
}


def check_runtimes(
    asked: Sequence[RuntimeName],
    exports: Sequence[ExportName] = (),
    *,
    quantises: bool,
    table: Mapping[RuntimeName, Runtime] = RUNTIMES,
) -> None:
    """Raise InvalidSettingError where a quantised model could not be measured in int8 on any runtime.

    And where it runs nowhere in int8 as one of `exports`: nobody could use such a file as a quantised model.
    """
    if not quantises:
        return
    for export in exports:
        runtime = next(name for name, row in table.items() if row.artefact == export)
        if not table[runtime].runs("quantised"):
            raise InvalidSettingError(
                f"spec.exports: {runtime} does not run quantised models; leave {export} out"
            )
    for name in asked:
        if not table[name].runs("quantised"):
            raise InvalidSettingError(
                f"spec.benchmark.runtimes: {name} does not run quantised models; leave it out"
            )
    if any(way.int8 for name in asked for way in table[name].ways):
        return
    able = [name for name, row in table.items() if any(way.int8 for way in row.ways)]
    raise InvalidSettingError(
        f"spec.benchmark.runtimes: none of {', '.join(asked)} computes in int8, so that a quantised model "
        f"could not be judged; add one of {', '.join(able)}"
    )


def artefacts(asked: Sequence[RuntimeName], exports: Sequence[ExportName] = ()) -> tuple[ExportName, ...]:
    """Return the artefacts that the runtimes load, and `exports`, each once."""
    names = (*(RUNTIMES[name].artefact for name in asked), *exports)
    return tuple(dict.fromkeys(name for name in names if name is not None))


def runtime_of(export: ExportName) -> RuntimeName:
    """Return the runtime that loads an artefact, and on which it is evaluated therefore."""
    return next(name for name, row in RUNTIMES.items() if row.artefact == export)
