"""The state dict of a .pdparams, as `paddle.save` writes it; read without unpickling it (`pickled`).

Source: paddle 2.6.2 (what becomes of a state dict: framework/io.py, io_utils.py).
"""

import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcompress_api.errors import shown
from segcompress_runner.errors import InvalidInputError
from segcompress_runner.inputs.networks.pickled import (
    PickledArray,
    RefusedError,
    is_shape,
    kind_of,
    unpickled,
)

_NAMES = "StructuredToParameterName@@"
"""Key of the parameters' names in Paddle, beside those in the network."""

_SLICED = "UnpackBigParamInfor@@"
"""Key of what was cut into slices of 1 GiB, since pickle's protocols 2 and 3 hold no more than 4 GiB."""

_HOW = "it must hold the arrays of a network, as paddle.save(network.state_dict(), …) writes them"


def read_state(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays in a state dict by their names; raises InvalidInputError saying what else it holds.

    An array of the result may be a view of memory that cannot be written.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return _arrays(unpickled(content))
    except RefusedError as error:
        raise InvalidInputError(f"{error}; {_HOW}") from None
    except (ValueError, IndexError, KeyError, RecursionError) as error:  # empty, cut off, or not a pickle
        raise InvalidInputError(f"is not a .pdparams, or is cut off ({error}); {_HOW}") from None


def _arrays(value: object) -> dict[str, NDArray[Any]]:
    if not isinstance(value, dict):
        raise RefusedError(f"holds a {kind_of(value)}, not a mapping")
    entries = {name: item for name, item in value.items() if name != _NAMES}
    sliced = entries.pop(_SLICED, {})
    arrays = {name: _array_of(name, item) for name, item in entries.items()}
    return _joined(arrays, sliced)


def _array_of(name: str, item: object) -> NDArray[Any]:
    if isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str):  # noqa: PLR2004
        item = item[1]  # a tensor with its name, where the mapping held more than tensors
    if not isinstance(item, PickledArray) or item.value is None:
        raise RefusedError(f"its entry {shown(name)} is a {kind_of(item)}, not an array")
    return item.value


def _joined(arrays: dict[str, NDArray[Any]], sliced: object) -> dict[str, NDArray[Any]]:
    """Return the arrays with those made whole that were cut into slices."""
    if not isinstance(sliced, dict):
        raise RefusedError(f"its entry {_SLICED} is a {kind_of(sliced)}")
    for name, parts in sliced.items():
        match parts:
            case {"OriginShape": tuple(shape), "slices": list(names)} if is_shape(shape):
                whole = np.concatenate([arrays.pop(part) for part in names if isinstance(part, str)])
                arrays[name] = whole.reshape(shape)
            case _:
                raise RefusedError(f"its entry {_SLICED} does not say how {shown(name)} was cut")
    return arrays
