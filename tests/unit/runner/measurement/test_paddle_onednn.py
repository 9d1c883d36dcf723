"""Softmax along channels stays with Paddle's own kernels."""

from pathlib import Path

import pytest

from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.runtimes.paddle_onednn import onednn_operators
from segcompress_runner.measurement.runtimes.row import Way
from segcompress_runner.measurement.runtimes.table import RUNTIMES

Axes = list[int | None]
KINDS = {"conv2d", "relu"}


@pytest.fixture
def write(tmp_path: Path) -> "Write":
    return Write(tmp_path)


class Write:
    """Writes a program with a convolution, and a softmax along each axis; None stands for its default."""

    def __init__(self, folder: Path) -> None:
        self._files = ModelFiles(folder / "model.pdmodel", folder / "model.pdiparams")

    def __call__(self, axes: Axes) -> ModelFiles:
        from paddle.base.proto import framework_pb2

        program = framework_pb2.ProgramDesc()
        block = program.blocks.add(idx=0, parent_idx=-1)
        for kind in ("feed", *sorted(KINDS), "fetch"):
            block.ops.add(type=kind)
        for axis in axes:
            op = block.ops.add(type="softmax")
            if axis is not None:
                op.attrs.add(name="axis", type=framework_pb2.INT, i=axis)
        self._files.program.write_bytes(program.SerializeToString())
        return self._files


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        pytest.param([1], KINDS, id="along channels"),
        pytest.param([-3, 1], KINDS, id="along channels, counted from behind"),
        pytest.param([], set(), id="no softmax"),
        pytest.param([-1], set(), id="along the last axis, which oneDNN has kernels for"),
        pytest.param([1, None], set(), id="along both, as attention has it"),
    ],
)
def test_softmax_is_left_out_where_every_one_is_along_channels(
    axes: Axes, expected: set[str], write: Write
) -> None:
    assert onednn_operators(write(axes)) == expected


@pytest.mark.parametrize("way", [way for way in RUNTIMES["PaddleInference"].ways if way.device == "CPU"])
def test_a_report_says_so(way: Way, write: Write) -> None:
    channels = write([1])
    assert "softmax" in way.how(channels)
    assert 'config.set_mkldnn_op({\n    "conv2d", "relu"\n})' in way.code(channels)
    last = write([-1])
    assert "softmax" not in way.how(last)
    assert "set_mkldnn_op" not in way.code(last)
