"""A .pdparams read without unpickling it: nothing that the file names is looked up or called.

The file is a pickle: a program that can call anything. Of its instructions `paddle.save` writes a few; these
are carried out here, on arrays, mappings, sequences, text and numbers. Any other one, and any name but those
that an array needs, ends the reading.
Source: pickletools (the instructions), numpy (an array's state), paddle 2.6.2 (what becomes of a state dict:
framework/io.py, io_utils.py).
"""

import mmap
import pickletools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from segcompress_api.errors import shown
from segcompress_runner.errors import InvalidInputError

_NAMES = "StructuredToParameterName@@"
"""Key of the parameters' names in Paddle, beside those in the network."""

_SLICED = "UnpackBigParamInfor@@"
"""Key of what was cut into slices of 1 GiB, since pickle's protocols 2 and 3 hold no more than 4 GiB."""

_CODES = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1")
_ORDERS: Mapping[str, Literal["<", ">", "|", "="]] = {"<": "<", ">": ">", "|": "|", "=": "="}
_HOW = "it must hold the arrays of a network, as paddle.save(network.state_dict(), …) writes them"


class _RefusedError(ValueError):
    """What the file asks for does not belong in a state dict."""


def read_state(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays in a state dict by their names; raises InvalidInputError saying what else it holds.

    An array of the result may be a view of memory that cannot be written.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return _arrays(_Machine(len(content)).run(content))
    except _RefusedError as error:
        raise InvalidInputError(f"{error}; {_HOW}") from None
    except (ValueError, IndexError, KeyError, RecursionError) as error:  # empty, cut off, or no pickle
        raise InvalidInputError(f"is no .pdparams, or is cut off ({error}); {_HOW}") from None


def _arrays(value: object) -> dict[str, NDArray[Any]]:
    if not isinstance(value, dict):
        raise _RefusedError(f"holds a {_kind(value)}, no mapping")
    entries = {name: item for name, item in value.items() if name != _NAMES}
    sliced = entries.pop(_SLICED, {})
    arrays = {name: _array_of(name, item) for name, item in entries.items()}
    return _joined(arrays, sliced)


def _array_of(name: str, item: object) -> NDArray[Any]:
    if isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str):  # noqa: PLR2004
        item = item[1]  # a tensor with its name, where the mapping held more than tensors
    if not isinstance(item, _Array) or item.value is None:
        raise _RefusedError(f"its entry {shown(name)} is a {_kind(item)}, no array")
    return item.value


def _joined(arrays: dict[str, NDArray[Any]], sliced: object) -> dict[str, NDArray[Any]]:
    """Return the arrays with those made whole that were cut into slices."""
    if not isinstance(sliced, dict):
        raise _RefusedError(f"its entry {_SLICED} is a {_kind(sliced)}")
    for name, parts in sliced.items():
        match parts:
            case {"OriginShape": tuple(shape), "slices": list(names)} if _is_shape(shape):
                whole = np.concatenate([arrays.pop(part) for part in names if isinstance(part, str)])
                arrays[name] = whole.reshape(shape)
            case _:
                raise _RefusedError(f"its entry {_SLICED} does not say how {shown(name)} was cut")
    return arrays


def _is_shape(shape: tuple[object, ...]) -> bool:
    return all(isinstance(size, int) and not isinstance(size, bool) and size >= 0 for size in shape)


@dataclass
class _Array:
    """An array whose state may be still to come."""

    value: NDArray[Any] | None = None


@dataclass
class _Type:
    """A numpy type such as f4; its byte order comes later."""

    code: str
    order: Literal["<", ">", "|", "="] = "="


@dataclass(frozen=True)
class _Name:
    """A name in the file, and nothing behind it."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class _Machine:
    """Pickle's stack machine, without the instructions that could run code; `size` bytes are its program."""

    def __init__(self, size: int) -> None:
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        self._bytes_left = 2 * size

    def run(self, program: mmap.mmap) -> object:
        for code, argument, _ in pickletools.genops(program):  # type: ignore[arg-type]  # it reads like a file
            if code.name == "STOP":
                return self._stack[-1]
            step = _STEPS.get(code.name)
            if step is None:
                raise _RefusedError(f"holds pickle's instruction {code.name}")
            step(self, argument)
        raise _RefusedError("has no end")

    def push(self, value: object) -> None:
        self._stack.append(value)

    def mark(self, _: object) -> None:
        self._marks.append(len(self._stack))

    def since_mark(self) -> list[Any]:
        start = self._marks.pop()
        items = self._stack[start:]
        del self._stack[start:]
        return items

    def remember(self, index: int | None) -> None:
        self._memo[len(self._memo) if index is None else index] = self._stack[-1]

    def recall(self, index: int) -> None:
        self.push(self._memo[index])

    def tuple_of(self, count: int) -> None:
        items = tuple(self._stack[len(self._stack) - count :])
        if len(items) != count:
            raise _RefusedError("takes more than there is")
        del self._stack[len(self._stack) - count :]
        self.push(items)

    def tuple_since_mark(self, _: object) -> None:
        self.push(tuple(self.since_mark()))

    def append(self, items: Iterable[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, list):
            raise _RefusedError(f"appends to a {_kind(target)}")
        target.extend(items)

    def set_items(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, dict) or len(items) % 2:
            raise _RefusedError(f"sets items of a {_kind(target)}")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str):  # hashing a deep tuple would end the process
                raise _RefusedError(f"holds a mapping with a key that is a {_kind(key)}")
            target[key] = value

    def pop(self, count: int) -> list[Any]:
        self.tuple_of(count)
        return list(self._stack.pop())

    def name(self, module: object, name: object) -> None:
        found = _Name(str(module), str(name))
        if found not in _MAKERS and found not in _ARRAY_CLASSES:
            raise _RefusedError(f"names {shown(str(found)).strip(chr(39))}, which no array needs")
        self.push(found)

    def reduce(self, _: object) -> None:
        what, arguments = self.pop(2)
        maker = _MAKERS.get(what) if isinstance(what, _Name) else None
        if maker is None or not isinstance(arguments, tuple):
            raise _RefusedError(f"calls a {_kind(what)}")
        made = maker(*arguments) if len(arguments) <= _MOST_ARGUMENTS else None
        if made is None:
            raise _RefusedError(f"calls {what} as no array does")
        if isinstance(made, bytes):
            self._bytes_left -= len(made)
            if self._bytes_left < 0:
                raise _RefusedError("repeats its bytes")
        self.push(made)

    def build(self, _: object) -> None:
        (state,) = self.pop(1)
        target = self._stack[-1]
        if isinstance(target, _Array):
            target.value = _filled(state)
        elif isinstance(target, _Type):
            target.order = _order(state)
        else:
            raise _RefusedError(f"gives a state to a {_kind(target)}")


def _filled(state: object) -> NDArray[Any]:
    """Return the array of a state: version, shape, type, whether columns come first, and its bytes."""
    match state:
        case (1, tuple(shape), _Type() as kind, bool(by_column), bytes() | str() as raw):
            pass
        case _:
            raise _RefusedError("holds an array of objects, or of a state that is not known")
    if not _is_shape(shape):
        raise _RefusedError(f"holds an array of the shape {shown(shape)}")
    content = raw.encode("latin1") if isinstance(raw, str) else raw  # Python 2 wrote text
    type_ = np.dtype(kind.code).newbyteorder(kind.order)
    if prod(shape) * type_.itemsize != len(content):
        raise _RefusedError(f"holds an array of the shape {shown(shape)} in {len(content)} bytes")
    array = np.frombuffer(content, type_).reshape(shape, order="F" if by_column else "C")
    return array.astype(kind.code, copy=False)  # in this machine's byte order


def _order(state: object) -> Literal["<", ">", "|", "="]:
    match state:
        case (3, str(order), None, None, None, -1, -1, 0) if order in _ORDERS:
            return _ORDERS[order]
        case _:
            raise _RefusedError("holds an array of a type that is not known")


def _make_type(*arguments: object) -> _Type | None:
    code = arguments[0] if arguments else None
    if code not in _CODES:
        raise _RefusedError(f"holds an array of the type {shown(code)}")
    return _Type(str(code))


def _make_array(*_: object) -> _Array:
    return _Array()


def _make_bytes(*arguments: object) -> bytes | None:
    match arguments:
        case ():
            return b""
        case (str(text), "latin1"):
            return text.encode("latin1")
        case _:
            return None


def _make_tuple(*arguments: object) -> tuple[Any, ...] | None:
    match arguments:
        case (tuple(items),):
            return items
        case _:
            return None


def _make_mapping(*arguments: object) -> dict[str, Any] | None:
    return None if arguments else {}


_MOST_ARGUMENTS = 3
_ARRAY_CLASSES = {_Name("numpy", "ndarray")}
_MAKERS: Mapping[_Name, Callable[..., Any]] = {
    _Name("numpy.core.multiarray", "_reconstruct"): _make_array,
    _Name("numpy._core.multiarray", "_reconstruct"): _make_array,
    _Name("numpy", "dtype"): _make_type,
    _Name("_codecs", "encode"): _make_bytes,
    _Name("__builtin__", "bytes"): _make_bytes,
    _Name("builtins", "bytes"): _make_bytes,
    _Name("__builtin__", "tuple"): _make_tuple,
    _Name("builtins", "tuple"): _make_tuple,
    _Name("collections", "OrderedDict"): _make_mapping,
}
"""What stands for each callable that a pickled array, and what holds it, names."""

_Step = Callable[[_Machine, Any], None]
_VALUES = (
    "BINBYTES",
    "BINBYTES8",
    "BINFLOAT",
    "BININT",
    "BININT1",
    "BININT2",
    "BINSTRING",
    "BINUNICODE",
    "BINUNICODE8",
    "LONG1",
    "SHORT_BINBYTES",
    "SHORT_BINSTRING",
    "SHORT_BINUNICODE",
)
_CONSTANTS: Mapping[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}


def _constant(value: object) -> _Step:
    return lambda machine, _: machine.push(value)


def _tuple(count: int) -> _Step:
    return lambda machine, _: machine.tuple_of(count)


_STEPS: Mapping[str, _Step] = {
    "PROTO": lambda *_: None,
    "FRAME": lambda *_: None,
    "MARK": _Machine.mark,
    **dict.fromkeys(_VALUES, _Machine.push),
    **{name: _constant(value) for name, value in _CONSTANTS.items()},
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "TUPLE": _Machine.tuple_since_mark,
    "TUPLE1": _tuple(1),
    "TUPLE2": _tuple(2),
    "TUPLE3": _tuple(3),
    "APPEND": lambda machine, _: machine.append(machine.pop(1)),
    "APPENDS": lambda machine, _: machine.append(machine.since_mark()),
    "SETITEM": lambda machine, _: machine.set_items(machine.pop(2)),
    "SETITEMS": lambda machine, _: machine.set_items(machine.since_mark()),
    "BINPUT": _Machine.remember,
    "LONG_BINPUT": _Machine.remember,
    "MEMOIZE": _Machine.remember,
    "BINGET": _Machine.recall,
    "LONG_BINGET": _Machine.recall,
    "GLOBAL": lambda machine, both: machine.name(*both.split(" ", 1)),
    "STACK_GLOBAL": lambda machine, _: machine.name(*machine.pop(2)),
    "REDUCE": _Machine.reduce,
    "BUILD": _Machine.build,
}
"""The instructions that `paddle.save` writes, by pickletools' names."""


def _kind(value: object) -> str:
    return str(value) if isinstance(value, _Name) else type(value).__name__.strip("_").lower()
