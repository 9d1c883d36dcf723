"""MNN on the CPU in f32, with its sparse kernels for those layers that its converter marked.

It computes in f32 alone (`precision: high`). Of a quantised ONNX file its converter makes another model
without a word, so that it has no way for those. A model whose batch is free runs one picture at a time, as it
is deployed. MNN says what is wrong on stdout and by codes. It calls nobody as long as none of its
command-line tools is run.

Where an address space ends (RLIMIT_AS, no overcommit) MNN does not look at what it is given, and crashes. A
pod's memory ends by the kernel's hand instead, as for everything else.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcompress_runner.errors import InvalidInputError
from segcompress_runner.measurement.runtimes.quiet import quiet
from segcompress_runner.measurement.runtimes.row import Candidate, Runtime, Way, always


class MnnSession:
    """A .mnn file in MNN, on `threads` threads."""

    precision = "f32"

    def __init__(self, path: Path, threads: int) -> None:
        self._name = path.name
        try:
            with quiet():
                import MNN

                self._mnn = MNN
                self._net = MNN.Interpreter(str(path))
                self._session = self._net.createSession(
                    {"backend": "CPU", "precision": "high", "numThread": threads}
                )
        except Exception as error:
            if isinstance(error, ImportError | MemoryError):
                raise
            raise InvalidInputError(f"{path.name}: MNN cannot load it ({error})") from error
        self._input = self._net.getSessionInput(self._session)
        self._shape: tuple[int, ...] = tuple(self._input.getShape())

    @property
    def batch(self) -> int:
        """Return the batch size that the file fixes, 1 where it is free."""
        return max(self._shape[0], 1)

    def run(self, x: NDArray[np.float32]) -> NDArray[Any]:
        """Return the model's output for x; raises InvalidInputError where the model refuses its shape."""
        if x.shape != self._shape:
            self._resize(x.shape)
        mnn = self._mnn
        self._input.copyFrom(mnn.Tensor(x.shape, mnn.Halide_Type_Float, x, mnn.Tensor_DimensionType_Caffe))
        if self._net.runSession(self._session):
            raise self._refused(x.shape)
        found = self._net.getSessionOutput(self._session)
        output = mnn.Tensor(found, mnn.Tensor_DimensionType_Caffe)
        found.copyToHostTensor(output)
        # The array that MNN gives is a view of the tensor, which ends here.
        values: NDArray[Any] = np.array(output.getNumpyData())
        return values

    def _resize(self, shape: tuple[int, ...]) -> None:
        if shape[1] != self._shape[1]:
            raise self._refused(shape)
        with quiet():
            self._net.resizeTensor(self._input, shape)
            self._net.resizeSession(self._session)
        self._shape = shape

    def _refused(self, shape: tuple[int, ...]) -> InvalidInputError:
        return InvalidInputError(f"{self._name}: does not run in MNN on pictures of shape {list(shape[1:])}")


_CODE = """\
import MNN
import numpy

net = MNN.Interpreter("model.mnn")
session = net.createSession({"backend": "CPU", "precision": "high", "numThread": threads})
feed = net.getSessionInput(session)
net.resizeTensor(feed, picture.shape)
net.resizeSession(session)
feed.copyFrom(MNN.Tensor(picture.shape, MNN.Halide_Type_Float, picture, MNN.Tensor_DimensionType_Caffe))
net.runSession(session)
found = net.getSessionOutput(session)
result = MNN.Tensor(found, MNN.Tensor_DimensionType_Caffe)
found.copyToHostTensor(result)
output = numpy.array(result.getNumpyData())
"""


def _open(candidate: Candidate, threads: int) -> MnnSession:
    return MnnSession(candidate.exports["MNN"], threads)


RUNTIME = Runtime(
    name="MNN",
    artefact="MNN",
    # As its converter marks layers: outputs.mnn_export.
    sparse_above={"1x1": 0.6, "4x1": 0.3},
    ways=(
        Way(
            "default",
            "CPU",
            ("float",),
            int8=False,
            how=always("CPU, precision high (f32); the file itself says which layers run on sparse kernels"),
            code=always(_CODE),
            open=_open,
        ),
    ),
)
