"""Softmax along channels stays with Paddle's own kernels, and oneDNN resizes where it does so alike."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.runtimes.paddle_onednn import RESIZING, onednn_operators, resizes
from segcompress_runner.measurement.runtimes.row import Way
from segcompress_runner.measurement.runtimes.table import RUNTIMES

Axes = list[int | None]
KINDS = {"conv2d", "relu"}


@pytest.fixture
def write(tmp_path: Path) -> "Write":
    return Write(tmp_path)


_FIELDS = {bool: ("b", 6), int: ("i", 0), float: ("f", 1), str: ("s", 2), list: ("floats", 4)}
"""How an attribute of a program holds a value, and the number of its type."""

BETWEEN_CENTRES: dict[str, Any] = {"align_corners": False, "align_mode": 0, "data_layout": "NCHW"}
LINEAR = ("bilinear_interp_v2", BETWEEN_CENTRES)


class Write:
    """Writes a program with a convolution, and a softmax along each axis; None stands for its default."""

    def __init__(self, folder: Path) -> None:
        self._files = ModelFiles(folder / "model.pdmodel", folder / "model.pdiparams")

    def __call__(
        self, axes: Axes, *resizing: tuple[str, dict[str, Any]], computed: Sequence[str] = ()
    ) -> ModelFiles:
        from paddle.base.proto import framework_pb2

        program = framework_pb2.ProgramDesc()
        block = program.blocks.add(idx=0, parent_idx=-1)
        for kind in ("feed", *sorted(KINDS), "fetch"):
            block.ops.add(type=kind)
        for axis in axes:
            op = block.ops.add(type="softmax")
            if axis is not None:
                op.attrs.add(name="axis", type=framework_pb2.INT, i=axis)
        for kind, attributes in resizing:
            op = block.ops.add(type=kind)
            for name, value in attributes.items():
                field, number = _FIELDS[type(value)]
                op.attrs.add(name=name, type=number, **{field: value})
            op.inputs.add(parameter="Scale", arguments=computed)
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


ON_CPU = [way for way in RUNTIMES["PaddleInference"].ways if way.device == "CPU"]


@pytest.mark.parametrize("way", ON_CPU)
def test_a_report_says_so(way: Way, write: Write) -> None:
    channels = write([1])
    assert "softmax" in way.how(channels)
    assert 'config.set_mkldnn_op({\n    "conv2d", "relu"\n})' in way.code(channels)
    last = write([-1])
    assert "softmax" not in way.how(last)
    assert "set_mkldnn_op" not in way.code(last)


@pytest.mark.parametrize(
    ("resizing", "expected"),
    [
        pytest.param([], False, id="nothing is resized"),
        pytest.param([LINEAR, ("bilinear_interp", BETWEEN_CENTRES)], True, id="linearly"),
        pytest.param([LINEAR, ("nearest_interp_v2", BETWEEN_CENTRES)], False, id="once to the nearest"),
        pytest.param([(LINEAR[0], BETWEEN_CENTRES | {"align_corners": True})], False, id="aligned corners"),
        pytest.param([(LINEAR[0], BETWEEN_CENTRES | {"align_mode": 1})], False, id="between corners"),
        pytest.param([(LINEAR[0], BETWEEN_CENTRES | {"data_layout": "NHWC"})], False, id="channels last"),
        pytest.param([(LINEAR[0], BETWEEN_CENTRES | {"scale": [2.0, 2.0]})], True, id="doubled"),
        pytest.param(
            [("bilinear_interp", BETWEEN_CENTRES | {"scale": 2.0})], True, id="doubled, by the older operator"
        ),
        pytest.param([(LINEAR[0], BETWEEN_CENTRES | {"scale": [2.0, 1.5]})], False, id="by 1.5"),
        pytest.param([("bilinear_interp", BETWEEN_CENTRES | {"scale": 0.5})], False, id="halved"),
        pytest.param([(LINEAR[0], {})], False, id="Paddle's defaults, which align corners"),
    ],
)
def test_onednn_resizes_only_what_it_resizes_as_paddle_does(
    resizing: list[tuple[str, dict[str, Any]]], write: Write, *, expected: bool
) -> None:
    files = write([], *resizing)
    assert resizes(files) == expected
    for way in ON_CPU:
        assert (RESIZING in way.how(files)) == expected
        assert (f'append_pass("{RESIZING}")' in way.code(files)) == expected


def test_onednn_resizes_in_int8_models_once_their_pass_has_replaced_all_others(write: Write) -> None:
    (int8,) = (way for way in ON_CPU if way.int8)
    code = int8.code(write([1], LINEAR))
    assert code.index("set_mkldnn_op(") < code.index("enable_mkldnn_int8(") < code.index("append_pass(")


def test_onednn_does_not_resize_by_a_scale_that_the_model_computes(write: "Write") -> None:
    assert not resizes(write([], LINEAR, computed=["scale"]))
    assert resizes(write([], LINEAR))
