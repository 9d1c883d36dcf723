"""About how much memory a training takes, told from the model's file before anything runs."""

from typing import Any

from segcompress_api.job import JobSpec
from segcompress_runner.inputs.model import WIDTHS, ModelFiles, parse_program

_FIELD = "spec.runtime.resources.limits.memory"
_SUFFIXES = {"m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def activation_bytes(files: ModelFiles, batch_size: int) -> int | None:
    """Return the bytes of all the variables that the layers compute, for one batch.

    None where the model leaves more than its batch free. A training keeps about these for its backward pass.
    """
    block = parse_program(files.program).blocks[0]
    sizes = [_size(variable, batch_size) for variable in block.vars if _is_computed(variable)]
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


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


def _is_computed(variable: Any) -> bool:
    return not variable.persistable and bool(variable.type.lod_tensor.tensor.dims)


def _size(variable: Any, batch_size: int) -> int | None:
    tensor = variable.type.lod_tensor.tensor
    first, *rest = (int(dim) for dim in tensor.dims)
    if any(dim < 0 for dim in rest):
        return None
    size = WIDTHS.get(tensor.data_type, 4) * (batch_size if first in (-1, 1) and rest else max(first, 1))
    for dim in rest:
        size *= dim
    return size


def _bytes(quantity: str) -> float:
    for suffix, factor in (_BINARY | _SUFFIXES).items():
        if quantity.endswith(suffix):
            return float(quantity.removesuffix(suffix)) * factor
    return float(quantity)
