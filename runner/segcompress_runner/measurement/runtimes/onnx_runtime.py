"""ONNX Runtime, on the CPU whatever device Paddle computes on: the image carries no CUDA build of it.

`session.x64quantprecision` is on: without it the int8 kernels for x64 CPUs that have no VNNI add up in
16 bits and saturate, so that a quantised model answers otherwise than on other machines. Seen on an emulated
CPU with AVX2 alone: 4.8 % of the pixels differ from those on a CPU with VNNI; with the option none does, and
every score has the same bits. Where the CPU has VNNI, or the model is fp32, the option changes nothing.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcompress_runner.errors import InvalidInputError, is_exhaustion
from segcompress_runner.measurement.runtimes.row import Candidate, Runtime, Way, always
from segcompress_runner.measurement.runtimes.session import Predict, first_line, predictor

_ERRORS_ONLY = 3


class OnnxSession:
    """An ONNX file in ONNX Runtime, on `threads` threads.

    They wait for work by spinning, which is fastest, unless others need the cores meanwhile.
    """

    precision = "f32"

    def __init__(self, path: Path, threads: int, *, spinning: bool = True) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        options.add_session_config_entry("session.x64quantprecision", "1")
        options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spinning)))
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            if is_exhaustion(error):
                raise
            raise InvalidInputError(
                f"{path.name}: ONNX Runtime cannot load it ({first_line(error)})"
            ) from error
        self._name = path.name
        self._input = self._session.get_inputs()[0]

    @property
    def batch(self) -> int | None:
        """Return the batch size that the file fixes, None where it is free."""
        size = self._input.shape[0]
        return size if isinstance(size, int) else None

    def run(self, x: NDArray[np.float32]) -> NDArray[Any]:
        """Return the model's output for x; raises InvalidInputError where the model refuses its shape."""
        return self.outputs(x)[0]

    def outputs(self, x: NDArray[np.float32]) -> list[NDArray[Any]]:
        """Return all outputs of the model for x; raises InvalidInputError where it refuses its shape."""
        try:
            found: list[NDArray[Any]] = self._session.run(None, {self._input.name: x})
        except Exception as error:
            if is_exhaustion(error):
                raise
            raise InvalidInputError(
                f"{self._name}: does not run on pictures of shape {list(x.shape[1:])} ({first_line(error)})"
            ) from error
        return found


def onnx_predictor(path: Path, threads: int) -> Predict:
    """Return a function from batches of any length to the outputs of the ONNX file."""
    return predictor(OnnxSession(path, threads))


def _open(candidate: Candidate, threads: int) -> OnnxSession:
    return OnnxSession(candidate.exports["ONNX"], threads)


_CODE = """\
import onnxruntime

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = threads
options.inter_op_num_threads = 1
options.add_session_config_entry("session.x64quantprecision", "1")
session = onnxruntime.InferenceSession("model.onnx", options, providers=["CPUExecutionProvider"])
(output,) = session.run(None, {session.get_inputs()[0].name: picture})
"""


RUNTIME = Runtime(
    name="ONNXRuntime",
    artefact="ONNX",
    ways=(
        Way("default", "CPU", ("float",), int8=False, how=always("CPU"), code=always(_CODE), open=_open),
        Way(
            "int8",
            "CPU",
            ("quantised",),
            int8=True,
            how=always("CPU, session.x64quantprecision=1: int8 sums do not saturate without VNNI"),
            code=always(_CODE),
            open=_open,
        ),
    ),
)
