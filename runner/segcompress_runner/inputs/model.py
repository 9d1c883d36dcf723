"""What an inference model is, read from its two files without running them.

Only the .pdmodel program (protobuf) and the combined .pdiparams (raw tensors) are accepted: every other
file of Paddle is pickle, which runs code. Both are walked through here first, since Paddle's native loader
answers a wrong file with a crash, and its executor runs whatever operator a program holds.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from segcompress_runner.errors import InvalidInputError
from segcompress_runner.inputs.operators import forbidden

_NCHW = 4
_FLOAT32 = 5
WIDTHS = {0: 1, 1: 2, 2: 4, 3: 8, 4: 2, 5: 4, 6: 8, 20: 1, 21: 1, 22: 2}
"""Bytes of an element, by framework.proto's VarType.Type: bool, int16, int32, int64, fp16, fp32, fp64, ..."""

_SKIPPED_TYPES = (9, 10, 17)
"""FEED_MINIBATCH, FETCH_LIST and RAW are persistable, but stand in no parameter file."""


@dataclass(frozen=True)
class ModelFiles:
    """An inference model on this machine: the .pdmodel program and the combined .pdiparams."""

    program: Path
    params: Path


@dataclass(frozen=True)
class ModelInfo:
    """A model's one input and one output; -1 stands for a free dimension."""

    input_name: str
    input_shape: tuple[int, ...]
    output_name: str
    output_shape: tuple[int, ...]
    variables: frozenset[str]


def inspect_model(files: ModelFiles) -> ModelInfo:
    """Return what the program says; raises InvalidInputError where the files are not a usable model.

    Usable: one float32 input N x 3 x H x W, one output (scores N x classes x H x W, or class ids), and a
    parameter file that holds exactly the program's parameters.
    """
    program = parse_program(files.program)
    block = program.blocks[0]
    variables = {var.name: var for var in block.vars}
    inputs = [name for op in block.ops if op.type == "feed" for end in op.outputs for name in end.arguments]
    outputs = [name for op in block.ops if op.type == "fetch" for end in op.inputs for name in end.arguments]
    input_name = _one(inputs, "input", files.program)
    output_name = _one(outputs, "output", files.program)
    input_shape = _shape(variables, input_name, files.program)
    _check_input(variables[input_name], input_name, input_shape, files.program)
    output_shape = _shape(variables, output_name, files.program)
    _check_params(files, [var for var in block.vars if _is_parameter(var)])
    names = frozenset(var.name for part in program.blocks for var in part.vars)
    return ModelInfo(input_name, input_shape, output_name, output_shape, names)


def fixed_size(info: ModelInfo) -> tuple[int, int] | None:
    """Return the (height, width) that the model insists on, None where either is free."""
    height, width = info.input_shape[2:]
    return (height, width) if height > 0 and width > 0 else None


def parse_program(path: Path) -> Any:
    """Return a .pdmodel as protobuf; raises InvalidInputError where it holds operators that may not run."""
    from paddle.base.proto import framework_pb2

    program = framework_pb2.ProgramDesc()
    try:
        program.ParseFromString(path.read_bytes())
    except FileNotFoundError:
        raise InvalidInputError(f"{path}: the model's program does not exist") from None
    except Exception:  # noqa: BLE001 - protobuf's error class differs between its implementations
        raise InvalidInputError(f"{path}: is not a Paddle inference program (.pdmodel)") from None
    if not program.blocks or not program.blocks[0].ops:
        raise InvalidInputError(f"{path}: is a Paddle program without operators")
    refused = forbidden(program)
    if refused:
        raise InvalidInputError(
            f"{path}: holds the operator {refused[0][:80]!r}, which inference of a segmentation model does "
            "not need; a model may only hold operators that compute tensors from tensors"
        )
    return program


def _one(names: list[str], what: str, path: Path) -> str:
    if len(names) != 1:
        listed = f" ({', '.join(names)})" if names else ""
        raise InvalidInputError(
            f"{path}: the model has {len(names)} {what}s{listed}; a segmentation model has one"
        )
    return names[0]


def _shape(variables: dict[str, Any], name: str, path: Path) -> tuple[int, ...]:
    if name not in variables:
        raise InvalidInputError(f"{path}: its variable {name} is declared nowhere")
    return tuple(int(dim) for dim in variables[name].type.lod_tensor.tensor.dims)


def _check_input(variable: Any, name: str, shape: tuple[int, ...], path: Path) -> None:
    if len(shape) != _NCHW or shape[1] not in (3, -1):
        raise InvalidInputError(
            f"{path}: the model's input {name} has shape {list(shape)}; "
            "pictures are N x 3 x height x width (RGB, channels first)"
        )
    if variable.type.lod_tensor.tensor.data_type != _FLOAT32:
        raise InvalidInputError(f"{path}: the model's input {name} is not float32")


def _is_parameter(variable: Any) -> bool:
    return bool(variable.persistable) and variable.type.type not in _SKIPPED_TYPES


def _check_params(files: ModelFiles, parameters: list[Any]) -> None:
    """Walk through the combined file, whose tensors stand in the order of their names."""
    if not parameters:
        raise InvalidInputError(f"{files.program}: the model has no parameters")
    try:
        with files.params.open("rb") as file:
            for variable in sorted(parameters, key=lambda var: str(var.name)):
                _check_tensor(file, variable, files)
            if file.read(1):
                raise InvalidInputError(
                    f"{files.params}: is longer than the parameters of {files.program.name}; "
                    "program and parameters must come from one export"
                )
    except FileNotFoundError:
        raise InvalidInputError(f"{files.params}: the model's parameter file does not exist") from None


def _check_tensor(file: BinaryIO, variable: Any, files: ModelFiles) -> None:
    """Check one tensor's header and skip its data.

    Layout: uint32 version, uint64 LoD levels, uint32 tensor version, int32 length of a TensorDesc message,
    the message, the raw data (paddle/fluid/framework/lod_tensor.cc, tensor_util.cc).
    """
    from paddle.base.proto import framework_pb2

    version, levels, tensor_version, length = _unpack(file, "<IQIi", variable, files)
    if version or levels or tensor_version or not 0 < length < 2**16:
        raise _mismatch(variable, files, "is not a combined parameter file (.pdiparams) at that place")
    stored = framework_pb2.VarType.TensorDesc()
    try:
        stored.ParseFromString(_read(file, length, variable, files))
    except Exception:  # noqa: BLE001 - protobuf's error class differs between its implementations
        raise _mismatch(
            variable, files, "is not a combined parameter file (.pdiparams) at that place"
        ) from None
    wanted = variable.type.lod_tensor.tensor
    if list(stored.dims) != list(wanted.dims):
        raise _mismatch(variable, files, f"has shape {list(stored.dims)}, not {list(wanted.dims)}")
    width = WIDTHS.get(stored.data_type)
    if width is None:
        raise _mismatch(variable, files, f"has the unknown data type {stored.data_type}")
    _skip(file, int(np.prod(stored.dims, dtype=np.int64)) * width, variable, files)


def _unpack(file: BinaryIO, layout: str, variable: Any, files: ModelFiles) -> tuple[int, ...]:
    return struct.unpack(layout, _read(file, struct.calcsize(layout), variable, files))


def _read(file: BinaryIO, count: int, variable: Any, files: ModelFiles) -> bytes:
    content = file.read(count)
    if len(content) != count:
        raise _mismatch(variable, files, "is cut off there")
    return content


def _skip(file: BinaryIO, count: int, variable: Any, files: ModelFiles) -> None:
    end = file.tell() + count
    if count < 0 or end > files.params.stat().st_size:
        raise _mismatch(variable, files, "is cut off there")
    file.seek(end)


def _mismatch(variable: Any, files: ModelFiles, problem: str) -> InvalidInputError:
    return InvalidInputError(
        f"{files.params}: at parameter {variable.name} of {files.program.name}: {problem}; "
        "program and parameters must come from one export"
    )
