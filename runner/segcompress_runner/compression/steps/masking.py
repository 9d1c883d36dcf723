"""Masks over weights, and the program that clears what an optimiser moved below them."""

from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray

_MASK = "@mask"


class Masking:
    """Masks that hold some weights of a scope at zero; no program that trains or is saved sees them."""

    def __init__(self, scope: Any) -> None:
        self._scope = scope
        self._program = paddle.static.Program()

    def value(self, name: str) -> NDArray[np.float32]:
        """Return a weight as it is now."""
        return np.asarray(self._scope.find_var(name).get_tensor())

    def hold(self, name: str, mask: NDArray[np.float32], place: Any) -> None:
        """Keep a weight at zero where its mask is 0."""
        self._scope.var(name + _MASK).get_tensor().set(mask, place)
        with paddle.static.program_guard(self._program, paddle.static.Program()):
            block = self._program.global_block()
            weight, kept = (
                block.create_var(name=one, shape=mask.shape, dtype="float32", persistable=True)
                for one in (name, name + _MASK)
            )
            paddle.assign(weight * kept, output=weight)

    def apply(self, executor: Any) -> None:
        """Clear the weights, on the device."""
        executor.run(self._program, scope=self._scope)
