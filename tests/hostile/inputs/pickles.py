"""Weights are pickles, which can run code: only the operations that arrays need are executed."""

import pickle
import struct
from collections.abc import Callable
from pathlib import Path

from hostile.inputs.case import Input, InputTheme
from segcompress_runner.inputs.networks.pdparams import read_state

_START = pickle.PROTO + b"\x04"


def _text(text: str) -> bytes:
    return pickle.SHORT_BINUNICODE + struct.pack("<B", len(text)) + text.encode()


def _call(module: str, name: str, argument: str) -> bytes:
    called = _text(module) + _text(name) + pickle.STACK_GLOBAL
    return _START + called + _text(argument) + pickle.TUPLE1 + pickle.REDUCE + pickle.STOP


_DOUBLED = (
    _START
    + pickle.EMPTY_LIST
    + pickle.MEMOIZE
    + b"".join(
        pickle.MARK + pickle.BINGET + bytes([n]) + pickle.BINGET + bytes([n]) + pickle.LIST + pickle.MEMOIZE
        for n in range(60)
    )
)
_PICKLES: dict[str, bytes] = {
    "a command": _call("os", "system", "id"),
    "a command by another name": _call("posix", "system", "id"),
    "a process": _call("subprocess", "Popen", "id"),
    "code": _call("builtins", "eval", "1"),
    "code to execute": _call("builtins", "exec", "1"),
    "a file": _call("builtins", "open", "/etc/passwd"),
    "a module": _call("importlib", "import_module", "os"),
    "a library": _call("ctypes", "CDLL", "/work/evil.so"),
    "a module's program": _call("runpy", "run_path", "/work/evil.py"),
    "a URL": _call("urllib.request", "urlopen", "http://169.254.169.254"),
    "an attribute of an attribute": _call("numpy", "core.multiarray.os.system", "id"),
    "a nested pickle": _call("pickle", "loads", "cos"),
    "a numpy file": _call("numpy", "load", "/etc/passwd"),
    "a protocol 0 global": b"cos\nsystem\n(S'id'\ntR.",
    "a protocol 0 instance": b"(S'id'\nios\nsystem\n.",
    "a protocol 1 object": b"(cos\nsystem\nS'id'\no.",
    "a new object": _START + b"cos\nsystem\n)\x81.",
    "an extension": _START + pickle.EXT1 + b"\x01.",
    "a persistent id": _START + _text("id") + pickle.BINPERSID + b".",
    "an out-of-band buffer": _START + b"\x97.",
    "lists that double in size": _DOUBLED + pickle.STOP,
    "a text of 4 GiB": _START + pickle.BINUNICODE + struct.pack("<I", 2**32 - 1) + b"x.",
    "a text of 8 EiB": _START + pickle.BINUNICODE8 + struct.pack("<Q", 2**63) + b"x.",
    "no STOP opcode": _START + pickle.EMPTY_DICT,
    "nothing on the stack": _START + pickle.STOP,
    "an unknown memo index": _START + pickle.BINGET + b"\x09.",
    "nothing": b"",
}


def _taking(content: bytes) -> Callable[[Path], object]:
    def take(folder: Path) -> object:
        file = folder / "model.pdparams"
        file.write_bytes(content)
        return read_state(file)

    return take


THEME = InputTheme(
    "Weights",
    "pickles that call, open, import or grow",
    tuple(
        Input(f"a pickle with {what}", _taking(content), "paddle.save(network.state_dict()")
        for what, content in _PICKLES.items()
    ),
)
