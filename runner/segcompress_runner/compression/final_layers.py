"""The final layers with weights: what is distilled where a strategy names no node.

PaddleSlim's find_final_nodes (2.6.0) gives the same names. It compares every operator with every other one,
which took minutes for HRNet.
"""

from collections.abc import Iterator, Mapping
from typing import Any

_WITH_WEIGHTS = frozenset(
    {
        "batch_norm",
        "conv2d",
        "conv2d_transpose",
        "depthwise_conv2d",
        "embedding",
        "instance_norm",
        "layer_norm",
        "matmul",
        "matmul_v2",
        "mul",
        "sync_batch_norm",
    }
)
_BIAS = "elementwise_add"


def final_outputs(program: Any) -> tuple[str, ...]:
    """Return the outputs of layers from which the first reader of each output leads to no other layer.

    Of a layer with a bias that an operator of its own adds, they are that operator's.
    """
    layers = _Layers(program)
    return tuple(dict.fromkeys(name for op in layers.final() for name in layers.outputs(op)))


class _Layers:
    def __init__(self, program: Any) -> None:
        self._ops = [op for block in program.blocks for op in block.ops]
        self._weights = {var.name for var in program.list_vars() if var.persistable}
        self._readers: Mapping[str, list[int]] = self._read()

    def final(self) -> Iterator[int]:
        return (
            number for number in range(len(self._ops)) if self._is_layer(number) and self._is_final(number)
        )

    def outputs(self, number: int) -> list[str]:
        op, reader = self._ops[number], self._first_reader(number)
        if reader is not None and self._ops[reader].type == _BIAS and self._has_weights(reader):
            op = self._ops[reader]
        return list(op.output("Y") if op.type == "batch_norm" else op.output_arg_names)

    def _is_final(self, number: int) -> bool:
        reader = self._first_reader(number)
        while reader is not None:
            if self._is_layer(reader):
                return False
            reader = self._first_reader(reader)
        return True

    def _is_layer(self, number: int) -> bool:
        return self._ops[number].type in _WITH_WEIGHTS and self._has_weights(number)

    def _has_weights(self, number: int) -> bool:
        return not self._weights.isdisjoint(self._ops[number].input_arg_names)

    def _first_reader(self, number: int) -> int | None:
        found = (self._readers.get(name, ()) for name in self._ops[number].output_arg_names)
        return min((reader for readers in found for reader in readers if reader != number), default=None)

    def _read(self) -> dict[str, list[int]]:
        readers: dict[str, list[int]] = {}
        for number, op in enumerate(self._ops):
            for name in op.input_arg_names:
                readers.setdefault(name, []).append(number)
        return readers
