"""State dicts as paddle.save writes them, and pickles that would do something else."""

import os
import pickle
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segcompress_runner.errors import InvalidInputError
from segcompress_runner.inputs.networks.pdparams import read_state

STATE = {
    "conv.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2) - 7.5,
    "conv.bias": np.array([1.5, -1e30], np.float32),
    "norm.index": np.array(3, np.int64),
    "empty": np.zeros((0, 4), np.float32),
    "half": np.linspace(0, 1, 300, dtype=np.float16),
    "columns": np.asfortranarray(np.arange(6, dtype=np.float64).reshape(2, 3)),
    "big-endian": np.arange(3, dtype=">i4"),
    "bytes above 127": np.full(300, 255, np.uint8),
}
NAMES = {"conv.weight": "conv2d_0.w_0", "conv.bias": "conv2d_0.b_0"}
SAVED = {**STATE, "StructuredToParameterName@@": NAMES}


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], dict[str, Any]]:
    def read(content: bytes) -> dict[str, Any]:
        file = tmp_path / "model.pdparams"
        file.write_bytes(content)
        return dict(read_state(file))

    return read


def check_same(state: dict[str, Any], expected: dict[str, Any]) -> None:
    assert state.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(state[name], array)
        assert state[name].shape == array.shape
        assert state[name].dtype == array.dtype.newbyteorder("=")


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize(
    "saved",
    [
        pytest.param(SAVED, id="a state dict"),
        pytest.param(STATE, id="arrays alone"),
        pytest.param(OrderedDict(SAVED), id="in order"),
        pytest.param(
            {name: (f"var_{n}", array) for n, (name, array) in enumerate(STATE.items())}, id="named"
        ),
    ],
)
def test_arrays_come_back_as_they_were_saved(read: Any, saved: dict[str, Any], protocol: int) -> None:
    check_same(read(pickle.dumps(saved, protocol)), STATE)


PROGRAM = """
import zlib, sys, warnings
warnings.simplefilter("ignore")
import paddle
paddle.seed(3)
net = paddle.nn.Sequential(paddle.nn.Conv2D(3, 4, 3), paddle.nn.BatchNorm2D(4))
for protocol in (2, 3, 4):
    paddle.save(net.state_dict(), f"{sys.argv[1]}/{protocol}.pdparams", protocol=protocol)
import numpy
numpy.savez(f"{sys.argv[1]}/state.npz", **{name: value.numpy() for name, value in net.state_dict().items()})
"""


def test_what_paddle_itself_saves_is_read(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], check=True, capture_output=True)
    expected = dict(np.load(tmp_path / "state.npz"))
    assert set(expected) >= {"0.weight", "1._variance"}
    for protocol in (2, 3, 4):
        check_same(read_state(tmp_path / f"{protocol}.pdparams"), expected)


def test_large_arrays_are_made_whole_from_their_slices(read: Any) -> None:
    flat = STATE["conv.weight"].reshape(-1)
    sliced = {
        "conv.bias": STATE["conv.bias"],
        "conv.weight@@.0": flat[:16],
        "conv.weight@@.1": flat[16:],
        "UnpackBigParamInfor@@": {
            "conv.weight": {"OriginShape": (2, 3, 2, 2), "slices": ["conv.weight@@.0", "conv.weight@@.1"]}
        },
    }
    check_same(read(pickle.dumps(sliced, 2)), {name: STATE[name] for name in ("conv.bias", "conv.weight")})


class Calls:
    """Becomes a call of whatever it is given."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self._call = (function, arguments)

    def __reduce__(self) -> Any:
        return self._call


class Plain:
    """An object of a class that the file names."""


def opcodes(*parts: bytes) -> bytes:
    return b"\x80\x02" + b"".join(parts) + b"."


HOSTILE = {
    "system": pickle.dumps({"w": Calls(os.system, "touch pwned")}),
    "eval": pickle.dumps({"w": Calls(eval, "1", {})}, 2),
    "builtin by another name": opcodes(b"c__builtin__\neval\n", b"(X\x01\x00\x00\x001tR"),
    "an object": pickle.dumps({"w": Plain()}),
    "a class": pickle.dumps({"w": Plain}),
    "array that is called": opcodes(b"cnumpy\nndarray\n", b"K\x04\x85R"),
    "codec": opcodes(b"c_codecs\nencode\n", b"X\x01\x00\x00\x00aX\x03\x00\x00\x00hex\x86R"),
    "codec of Python's": opcodes(b"c_codecs\ndecode\n", b"X\x01\x00\x00\x00aX\x03\x00\x00\x00hex\x86R"),
    "old instance": b"(S'id'\nios\nsystem\n.",
    "new object": opcodes(b"cnumpy\ndtype\n)\x81"),
    "persistent id": opcodes(b"X\x01\x00\x00\x00aQ"),
    "extension": opcodes(b"\x82\x01"),
    "attribute of a dotted name": b"\x80\x04\x8c\x05numpy\x8c\x0ecore.os.system\x93.",
    "state of a mapping": opcodes(b"}}b"),
    "state of a name": opcodes(b"cnumpy\nndarray\n}b"),
    "array of objects": pickle.dumps({"w": np.array([Plain(), None], object)}),
    "array of records": pickle.dumps({"w": np.zeros(2, [("a", "f4")])}),
    "array of text": pickle.dumps({"w": np.array(["a"])}),
    "array of dates": pickle.dumps({"w": np.array(["2024-01-01"], "M8[D]")}),
    "array without a state": opcodes(
        b"}X\x01\x00\x00\x00w", b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85K\x00\x87Rs"
    ),
    "scalar": pickle.dumps({"w": np.float32(1)}),
    "number": pickle.dumps({"w": 1.0}),
    "nested": pickle.dumps({"model": STATE, "epoch": 3}),
    "list": pickle.dumps([STATE]),
    "set": pickle.dumps({"w": {1}}),
    "key of a number": pickle.dumps({1: STATE["half"]}),
    "deep key": opcodes(b"})" + b"\x85" * 100_000 + b"Ns"),
    "deep name": opcodes(b")" + b"\x85" * 100_000 + b"X\x01\x00\x00\x00a\x93"),
    "deep shape": opcodes(
        b"cnumpy.core.multiarray\n_reconstruct\n)RK\x01",
        b"(" + b")" + b"\x85" * 100_000 + b"t",
        b"cnumpy\ndtype\nX\x02\x00\x00\x00f4\x85R\x89X\x00\x00\x00\x00tb",
    ),
    "memo far away": opcodes(b"}r\xff\xff\xff\x7f0"),
    "memo of nothing": opcodes(b"h\x07"),
    "empty stack": opcodes(b"R"),
    "mark of nothing": opcodes(b"u"),
    "huge text": b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x0fa.",
    "huge bytes": b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x0fa.",
    "too short an array": pickle.dumps({"w": STATE["half"]}, 4).replace(b"\x4d\x2c\x01", b"\x4d\x2d\x01"),
    "empty": b"",
    "cut off": pickle.dumps(SAVED)[:-40],
    "no pickle": b"PK\x03\x04 a zip file of another framework",
    "slices that are not there": pickle.dumps(
        {"UnpackBigParamInfor@@": {"w": {"OriginShape": (1,), "slices": ["a"]}}}
    ),
    "slices that are not slices": pickle.dumps({"UnpackBigParamInfor@@": [1]}),
    "slices of another shape": pickle.dumps(
        {"a": STATE["half"], "UnpackBigParamInfor@@": {"w": {"OriginShape": (7,), "slices": ["a"]}}}
    ),
    "slices without a shape": pickle.dumps({"UnpackBigParamInfor@@": {"w": 3}}),
    "bytes again and again": opcodes(
        b"]X\xe8\x03\x00\x00" + 1000 * b"a" + b"q\x00X\x06\x00\x00\x00latin1q\x01",
        b"".join(b"c_codecs\nencode\nh\x00h\x01\x86R" for _ in range(200)),
    ),
}


@pytest.mark.parametrize("content", [pytest.param(content, id=name) for name, content in HOSTILE.items()])
def test_what_is_no_state_dict_is_refused_and_nothing_runs(
    read: Any, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInputError, match=r"it must hold the arrays of a network, as paddle\.save"):
        read(content)
    assert [path.name for path in tmp_path.iterdir()] == ["model.pdparams"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("system", "names posix.system, which no array needs", id="what is named"),
        pytest.param("new object", "holds pickle's instruction NEWOBJ", id="the instruction"),
        pytest.param("nested", "its entry 'model' is a dict, not an array", id="the entry"),
        pytest.param("array of text", "holds an array of the type 'U1'", id="the type"),
        pytest.param("cut off", "is not a .pdparams, or is cut off", id="the end"),
    ],
)
def test_message_says_what_was_found(read: Any, name: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(HOSTILE[name])
    assert message in str(caught.value)


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_changed_byte_makes_arrays_or_a_refusal_and_nothing_else(read: Any, protocol: int) -> None:
    sliced = {"slices": ["a", "b"], "OriginShape": (1, 4)}
    saved = {"w": STATE["conv.bias"], "a": STATE["conv.bias"], "b": STATE["conv.bias"] + 1}
    good = pickle.dumps({**saved, "UnpackBigParamInfor@@": {"whole": sliced}}, protocol)
    random = np.random.default_rng(33)
    refused = 0
    for position in range(len(good)):
        changed = bytearray(good)
        changed[position] = random.integers(0, 256)
        try:
            state = read(bytes(changed))
        except InvalidInputError:
            refused += 1
            continue
        assert all(isinstance(array, np.ndarray) and array.dtype != object for array in state.values())
    assert 0 < refused < len(good)
