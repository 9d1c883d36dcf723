"""Where the time of two models goes in MNN, by kind of layer.

One thread; the least time of each layer. MNN names a layer as the ONNX file names its output, and calls back
before and after each.
"""

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.outputs.mnn_export import export_mnn
from segcompress_runner.outputs.onnx_export import export_onnx

KINDS = ("1x1 convolutions", "depthwise convolutions", "other convolutions", "all else")
RUNS = 9
"""Of each model: the least time of a layer hardly changes with more."""

_KINDS = {"ConvolutionDepthwise": KINDS[1], "Convolution": KINDS[2]}
"""MNN's types of layers."""


@dataclass(frozen=True)
class Times:
    """Milliseconds by kind of layer, of the dense model and of the sparse one."""

    dense: Mapping[str, float]
    sparse: Mapping[str, float]


def times_of(origin: Path, sparse_model: Path, shape: Sequence[int]) -> Times:
    """Return the times of a dense model (`origin`: its folder) and of a sparse one in MNN, taking turns."""
    with tempfile.TemporaryDirectory() as folder:
        files = ModelFiles(origin / "model.pdmodel", origin / "model.pdiparams")
        file = export_onnx(files, Path(folder, "dense.onnx"))
        pointwise = _pointwise(file)
        dense = _Timed(export_mnn(file, Path(folder, "dense.mnn")), shape)
    sparse = _Timed(sparse_model, shape)
    for _ in range(RUNS):
        dense.run()
        sparse.run()
    return Times(_by_kind(dense, pointwise), _by_kind(sparse, pointwise))


class _Timed:
    """A model in MNN, and the least time of each of its layers so far."""

    def __init__(self, file: Path, shape: Sequence[int]) -> None:
        import MNN

        self._net = MNN.Interpreter(str(file))
        self._session = self._net.createSession({"backend": "CPU", "precision": "high", "numThread": 1})
        feed = self._net.getSessionInput(self._session)
        self._net.resizeTensor(feed, tuple(shape))
        self._net.resizeSession(self._session)
        picture = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
        layout = MNN.Tensor_DimensionType_Caffe
        feed.copyFrom(MNN.Tensor(tuple(shape), MNN.Halide_Type_Float, picture, layout))
        self._started = 0.0
        self.kinds: dict[str, str] = {}
        self.least: dict[str, float] = {}

    def run(self) -> None:
        self._net.runSessionWithCallBackInfo(self._session, self._before, self._after)

    def _before(self, _tensors: Any, _layer: Any) -> bool:
        self._started = time.perf_counter()
        return True

    def _after(self, _tensors: Any, layer: Any) -> bool:
        spent, name = 1000 * (time.perf_counter() - self._started), layer.getName()
        self.kinds[name] = layer.getType()
        self.least[name] = min(spent, self.least.get(name, spent))
        return True


def _pointwise(file: Path) -> frozenset[str]:
    """Return the outputs of the 1x1 convolutions of an ONNX file."""
    nodes = onnx.load(file).graph.node
    convolutions = [node for node in nodes if node.op_type == "Conv"]
    return frozenset(
        node.output[0]
        for node in convolutions
        for one in node.attribute
        if one.name == "kernel_shape" and list(one.ints) == [1, 1]
    )


def _by_kind(timed: _Timed, pointwise: frozenset[str]) -> Mapping[str, float]:
    found = dict.fromkeys(KINDS, 0.0)
    for name, spent in timed.least.items():
        known = _KINDS.get(timed.kinds[name], KINDS[3])
        found[KINDS[0] if name in pointwise else known] += spent
    return found
