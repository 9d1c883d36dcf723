"""The table of runtimes: a new one is a module with a row, and a line here."""

from collections.abc import Mapping, Sequence

from segcompress_api.job import RuntimeName
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.measurement.runtimes import onnx_runtime, paddle_inference
from segcompress_runner.measurement.runtimes.row import ArtefactName, Runtime

RUNTIMES: Mapping[RuntimeName, Runtime] = {
    row.name: row for row in (paddle_inference.RUNTIME, onnx_runtime.RUNTIME)
}


def check_runtimes(
    asked: Sequence[RuntimeName], *, quantises: bool, table: Mapping[RuntimeName, Runtime] = RUNTIMES
) -> None:
    """Raise InvalidSettingError where a quantised model could not be measured in int8 on any runtime."""
    if not quantises or any(way.int8 for name in asked for way in table[name].ways):
        return
    able = [name for name, row in table.items() if any(way.int8 for way in row.ways)]
    raise InvalidSettingError(
        f"spec.benchmark.runtimes: none of {', '.join(asked)} computes in int8, so that a quantised model "
        f"could not be judged; add one of {', '.join(able)}"
    )


def artefacts(asked: Sequence[RuntimeName]) -> tuple[ArtefactName, ...]:
    """Return the artefacts that the runtimes load, each once."""
    names = (RUNTIMES[name].artefact for name in asked)
    return tuple(dict.fromkeys(name for name in names if name is not None))
