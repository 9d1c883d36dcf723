"""Keep the values of a program's variables in memory, and put them back: how the best weights survive."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[Any]]
"""Variable name -> copy of its value."""


def take(program: Any, scope: Any) -> Weights:
    """Return copies of the persistable variables of `program` (weights, statistics, scales)."""
    return {name: np.array(scope.find_var(name).get_tensor()) for name in persistables(program)}


def restore(weights: Weights, scope: Any, place: Any) -> None:
    """Set the variables in `scope` to the values of `weights`."""
    for name, value in weights.items():
        scope.find_var(name).get_tensor().set(value, place)


def persistables(program: Any) -> list[str]:
    """Return the sorted names of the variables that a file of this program holds."""
    return sorted(
        var.name for var in program.list_vars() if var.persistable and var.name not in {"feed", "fetch"}
    )
