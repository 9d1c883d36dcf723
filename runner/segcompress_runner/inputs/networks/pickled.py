"""Arrays, and what holds them, read from a pickle without unpickling it: nothing that it names is called.

A pickle is a program that can call anything. Of its instructions, those that arrays, mappings, sequences,
text and numbers take are carried out here; any other one, and any name but those that an array needs, ends
the reading. Source: pickletools (the instructions), numpy (an array's state).
"""

import mmap
import pickletools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from segcompress_api.errors import shown

_CODES = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1")
_ORDERS: Mapping[str, Literal["<", ">", "|", "="]] = {"<": "<", ">": ">", "|": "|", "=": "="}


class RefusedError(ValueError):
    """What a pickle asks for that no array needs, or that is not there."""


def unpickled(program: mmap.mmap) -> object:
    """Return what a pickle holds, its arrays as PickledArray.

    Raises RefusedError where it asks for anything else, ValueError, IndexError, KeyError or RecursionError
    where it is cut off or is not a pickle.
    """
    return _Machine(len(program)).run(program)


def is_shape(shape: tuple[object, ...]) -> bool:
    """Return whether `shape` is what an array can have."""
    return all(isinstance(size, int) and not isinstance(size, bool) and size >= 0 for size in shape)


@dataclass
class PickledArray:
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
                raise RefusedError(f"holds pickle's instruction {code.name}")
            step(self, argument)
        raise RefusedError("has no end")

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
            raise RefusedError("takes more than there is")
        del self._stack[len(self._stack) - count :]
        self.push(items)

    def tuple_since_mark(self, _: object) -> None:
        self.push(tuple(self.since_mark()))

    def append(self, items: Iterable[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, list):
            raise RefusedError(f"appends to a {kind_of(target)}")
        target.extend(items)

    def set_items(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, dict) or len(items) % 2:
            raise RefusedError(f"sets items of a {kind_of(target)}")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str):  # hashing a deep tuple would end the process
                raise RefusedError(f"holds a mapping with a key that is a {kind_of(key)}")
            target[key] = value

    def pop(self, count: int) -> list[Any]:
        self.tuple_of(count)
        return list(self._stack.pop())

    def name(self, module: object, name: object) -> None:
        found = _Name(str(module), str(name))
        if found not in _MAKERS and found not in _ARRAY_CLASSES:
            raise RefusedError(f"names {shown(str(found)).strip(chr(39))}, which no array needs")
        self.push(found)

    def reduce(self, _: object) -> None:
        what, arguments = self.pop(2)
        maker = _MAKERS.get(what) if isinstance(what, _Name) else None
        if maker is None or not isinstance(arguments, tuple):
            raise RefusedError(f"calls a {kind_of(what)}")
        made = maker(*arguments) if len(arguments) <= _MOST_ARGUMENTS else None
        if made is None:
            raise RefusedError(f"calls {what} as no array does")
        if isinstance(made, bytes):
            self._bytes_left -= len(made)
            if self._bytes_left < 0:
                raise RefusedError("repeats its bytes")
        self.push(made)

    def build(self, _: object) -> None:
        (state,) = self.pop(1)
        target = self._stack[-1]
        if isinstance(target, PickledArray):
            target.value = _filled(state)
        elif isinstance(target, _Type):
            target.order = _order(state)
        else:
            raise RefusedError(f"gives a state to a {kind_of(target)}")


def _filled(state: object) -> NDArray[Any]:
    """Return the array of a state: version, shape, type, whether columns come first, and its bytes."""
    match state:
        case (1, tuple(shape), _Type() as kind, bool(by_column), bytes() | str() as raw):
            pass
        case _:
            raise RefusedError("holds an array of objects, or of a state that is not known")
    if not is_shape(shape):
        raise RefusedError(f"holds an array of the shape {shown(shape)}")
    content = raw.encode("latin1") if isinstance(raw, str) else raw  # Python 2 wrote text
    type_ = np.dtype(kind.code).newbyteorder(kind.order)
    if prod(shape) * type_.itemsize != len(content):
        raise RefusedError(f"holds an array of the shape {shown(shape)} in {len(content)} bytes")
    array = np.frombuffer(content, type_).reshape(shape, order="F" if by_column else "C")
    return array.astype(kind.code, copy=False)  # in this machine's byte order


def _order(state: object) -> Literal["<", ">", "|", "="]:
    match state:
        case (3, str(order), None, None, None, -1, -1, 0) if order in _ORDERS:
            return _ORDERS[order]
        case _:
            raise RefusedError("holds an array of a type that is not known")


def _make_type(*arguments: object) -> _Type | None:
    code = arguments[0] if arguments else None
    if code not in _CODES:
        raise RefusedError(f"holds an array of the type {shown(code)}")
    return _Type(str(code))


def _make_array(*_: object) -> PickledArray:
    return PickledArray()


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


def kind_of(value: object) -> str:
    """Return what messages call a value: its type, or the name that stands in the file."""
    return str(value) if isinstance(value, _Name) else type(value).__name__.strip("_").lower()
