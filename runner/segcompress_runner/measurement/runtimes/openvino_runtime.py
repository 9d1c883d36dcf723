"""OpenVINO on the CPU, from its own IR files.

The precision of floats is bf16 by default where the CPU has instructions for it, and f32 elsewhere: both are
ways of their own, and each session says what it computes in. A model whose batch is free is compiled for one
picture, as it is deployed: seen on PP-HumanSeg-Lite, that is 5 to 10 % faster than with a free batch.

Threads are not bound to cores, as they would be by default: of two processes on one machine both would be
bound to the same core. Nothing is written to disk, for no cache is asked for. The package that reports to
OpenVINO's makers (openvino-telemetry) is not installed; OpenVINO does without it.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcompress_runner.errors import InvalidInputError, is_exhaustion
from segcompress_runner.measurement.runtimes.row import Kind, Runtime, Way, always
from segcompress_runner.measurement.runtimes.session import first_line


class OpenVinoSession:
    """An IR (model.xml, model.bin beside it) in OpenVINO, on `threads` threads."""

    def __init__(self, path: Path, threads: int, precision: str | None = None) -> None:
        import openvino

        settings: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": threads,
            "ENABLE_CPU_PINNING": False,
        }
        if precision is not None:
            settings["INFERENCE_PRECISION_HINT"] = precision
        core = openvino.Core()
        try:
            model = core.read_model(path)
            shape = model.input().partial_shape
            if shape[0].is_dynamic:
                shape[0] = 1
                model.reshape(shape)
            self.compiled = core.compile_model(model, "CPU", settings)
        except Exception as error:
            if is_exhaustion(error):
                raise
            raise InvalidInputError(f"{path.name}: OpenVINO cannot load it ({first_line(error)})") from error
        self._name = path.name
        self._batch = int(shape[0].get_length())
        self._request = self.compiled.create_infer_request()

    @property
    def precision(self) -> str:
        """Return what floats are computed in, as OpenVINO says."""
        name: str = self.compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        return name

    @property
    def batch(self) -> int:
        """Return the batch size that the model is compiled for."""
        return self._batch

    def run(self, x: NDArray[np.float32]) -> NDArray[Any]:
        """Return the model's output for x; raises InvalidInputError where the model refuses its shape."""
        try:
            output: NDArray[Any] = self._request.infer({0: x})[0]
        except Exception as error:
            if is_exhaustion(error):
                raise
            raise InvalidInputError(
                f"{self._name}: does not run on pictures of shape {list(x.shape[1:])} ({first_line(error)})"
            ) from error
        return output


def _code(*settings: str) -> str:
    """Return how to load the IR, `settings` being what is set beside the number of threads."""
    listed = "".join(
        f"    {line},\n"
        for line in (
            '"PERFORMANCE_HINT": "LATENCY"',
            '"NUM_STREAMS": 1',
            '"INFERENCE_NUM_THREADS": threads',
            '"ENABLE_CPU_PINNING": False',
            *settings,
        )
    )
    return f"""\
import openvino

core = openvino.Core()
model = core.read_model("model.xml")
model.reshape(picture.shape)
compiled = core.compile_model(model, "CPU", {{
{listed}}})
output = compiled(picture)[0]
"""


def _way(name: str, kind: Kind, precision: str | None, told: str) -> Way:
    """Return how such models run with floats in `precision`, None: as OpenVINO chooses."""
    hint = () if precision is None else (f'"INFERENCE_PRECISION_HINT": "{precision}"',)
    return Way(
        name,
        "CPU",
        (kind,),
        int8=kind == "quantised",
        how=always(f"CPU, latency mode, one stream, threads bound to no core, {told}"),
        code=always(_code(*hint)),
        open=lambda candidate, threads: OpenVinoSession(candidate.exports["OpenVINO"], threads, precision),
    )


_F32 = "INFERENCE_PRECISION_HINT=f32"

RUNTIME = Runtime(
    name="OpenVINO",
    artefact="OpenVINO",
    beside=(".bin",),
    # The exact way comes first: by it an export is held against the saved model.
    ways=(
        _way("f32", "float", "f32", _F32),
        _way("default", "float", None, "default precision: bf16 where the CPU has it"),
        _way("int8-f32", "quantised", "f32", f"{_F32}: what is not int8 is f32"),
        _way("int8", "quantised", None, "default precision: what is not int8 is bf16 where the CPU has it"),
    ),
)
