"""About how much memory a training takes, told from the model's file before anything runs."""

from contextlib import suppress
from math import prod
from typing import Any

from segcompress_api.job import JobSpec
from segcompress_runner.inputs.model import WIDTHS, ModelFiles, parse_program

_FIELD = "spec.runtime.resources.limits.memory"
_SUFFIXES = {"m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def activation_bytes(files: ModelFiles, batch_size: int, size: tuple[int, int] | None = None) -> int | None:
    """Return the bytes of all the variables that the layers compute for one batch of pictures.

    What is computed of a size that is computed too, as by some upsamplings, does not count. None where the
    model leaves height or width free, and no `size` of pictures is given. A training keeps about these bytes
    for its backward pass.
    """
    from paddle.base import core

    parse_program(files.program)  # It refuses operators that may not run, and Paddle asks each for its shape.
    program = core.ProgramDesc(files.program.read_bytes())
    block = program.block(0)
    picture = block.find_var(program.get_feed_target_names()[0].encode())
    batch, _, *own = picture.shape()
    height, width = size or own
    if min(height, width) < 1:
        return None
    together = batch if batch > 1 else batch_size  # A graph may have the batch built in.
    picture.set_shape([together, 3, height, width])
    for index in range(block.op_size()):
        with suppress(Exception):  # What does not fit is told once it runs.
            block.op(index).infer_shape(block)
    computed = sum(_size(variable) for variable in block.all_vars() if _is_computed(variable, core))
    return computed * batch_size // together


def memory_warning(files: ModelFiles, spec: JobSpec) -> tuple[str, str] | None:
    """Return field and sentence where a training on the CPU would not fit the limit of its container."""
    limit = spec.runtime.resources.limits.get("memory")
    needed = activation_bytes(files, spec.dataset.batch_size)
    if limit is None or needed is None or spec.runtime.device == "GPU" or needed <= _bytes(limit):
        return None
    return _FIELD, (
        f"is {limit}, and the layers' outputs of a batch of {spec.dataset.batch_size} alone take about "
        f"{needed / 2**20:.0f} MiB; raise it, or lower spec.dataset.batchSize"
    )


def _is_computed(variable: Any, core: Any) -> bool:
    return variable.type() == core.VarDesc.VarType.LOD_TENSOR and not variable.persistable()


def _size(variable: Any) -> int:
    shape = variable.shape()
    return 0 if min(shape, default=0) < 0 else WIDTHS.get(int(variable.dtype()), 4) * prod(shape)


def _bytes(quantity: str) -> float:
    for suffix, factor in (_BINARY | _SUFFIXES).items():
        if quantity.endswith(suffix):
            return float(quantity.removesuffix(suffix)) * factor
    return float(quantity)
