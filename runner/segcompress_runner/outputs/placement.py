"""Where a quantised ONNX graph rounds activations: its QuantizeLinear/DequantizeLinear pairs, placed anew.

PaddleSlim's pairs stand before convolutions and behind some of what it observed. Where one is missing, values
are float: a concatenation or a pooling is computed in float, and its result rounded again. Here the pairs of
activations are taken out, their scales are kept, and each tensor on the way from one int8 layer to the next
gets one pair, which all its readers share:

- Operators that move values (Concat, MaxPool, Reshape, ...) read and give values of one scale: the largest
  that any of their tensors has, so that nothing is clipped that was not before. What they read has a pair,
  what they give needs none.
- Operators that average values (AveragePool, Resize, ...) give none that is larger than what they read: where
  what they give was not measured, it has at least the scale of what they read.
- There is no pair between a layer and its activation, which are one kernel, nor behind the last int8 layer.
  What cannot be negative takes all 256 codes of uint8, for the same largest value.
- A layer that read no pair, or whose weights are float, was left in float: it reads no pair. It still reads
  rounded values behind a MaxPool, a Concat or the like that also feeds an int8 layer.

It changes a graph in memory. Weights and biases stay as they are.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np

_REARRANGING = frozenset({"Flatten", "Reshape", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze"})
_MOVING = _REARRANGING | {"Concat", "MaxPool", "ReduceMax"}
"""Operators each of whose output values is one of their input values."""

_AVERAGING = frozenset({"AveragePool", "GlobalAveragePool", "ReduceMean", "Resize"})
"""Operators whose output values lie between input values; a cubic Resize is none, for it overshoots."""

_BETWEEN = _MOVING | _AVERAGING | {"Add", "Mul", "Sub"}
"""Operators without weights that are computed in int8 where what they read has a pair."""

_LAYERS = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})

_ACTIVATIONS = frozenset({
    "BatchNormalization", "Clip", "HardSigmoid", "HardSwish", "LeakyRelu", "PRelu", "Relu", "Sigmoid",
})  # fmt: skip
"""Operators that are computed in the kernel of what made their input."""

_NOT_NEGATIVE = frozenset({"Abs", "HardSigmoid", "Relu", "Sigmoid", "Softmax"})
_COMBINING = frozenset({"Add", "Concat", "Mul"})
"""Operators that may read constants, and give nothing negative where they read nothing negative."""

_LARGEST_INT8, _LARGEST_UINT8 = 127, 255


def place_pairs(graph: Any) -> None:
    """Place the pairs of a graph's activations anew (onnx.GraphProto, opset 13 or newer)."""
    constants = _constants(graph)
    measured, in_int8 = _take_out(graph, constants)
    steps = [_step(node, constants, in_int8) for node in graph.node]
    scales = _all_scales(steps, measured)
    unsigned = _not_negative(steps, constants)
    _insert(
        graph, steps, [_Pair(name, scales[name], name in unsigned) for name in _places(steps, scales.keys())]
    )


@dataclass(frozen=True)
class _Step:
    """A node, the tensors that it reads and computes with, and whether it is a layer left in float."""

    node: Any
    reads: tuple[str, ...]
    in_float: bool

    @property
    def kind(self) -> str:
        """Return the node's operator."""
        kind: str = self.node.op_type
        return kind

    @property
    def averages(self) -> bool:
        """Return whether what it gives lies between values that it reads."""
        return self.kind in _AVERAGING and not any(
            one.name == "mode" and one.s == b"cubic" for one in self.node.attribute
        )


def _constants(graph: Any) -> dict[str, Any]:
    from onnx import numpy_helper

    found = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            found[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    return found


def _take_out(graph: Any, constants: Mapping[str, Any]) -> tuple[dict[str, float], set[str]]:
    """Take the pairs of activations out of the graph.

    Return the scale of each tensor that had pairs, the largest of several, and the layers, by what they give,
    that read one and whose weights are int8 codes.
    """
    sources: dict[str, str] = {}
    from_codes: set[str] = set()
    scales: dict[str, float] = {}
    kept = []
    for node in graph.node:
        first = node.input[0] if node.input else ""
        if node.op_type == "DequantizeLinear" or (node.op_type in _REARRANGING and first in from_codes):
            from_codes.add(node.output[0])
        if node.op_type == "QuantizeLinear" and first not in constants:
            source = sources[node.output[0]] = sources.get(first, first)
            scales[source] = max(scales.get(source, 0.0), float(np.max(constants[node.input[1]])))
        elif node.op_type == "DequantizeLinear" and first in sources:
            sources[node.output[0]] = sources[first]
        else:
            kept.append(node)
    layers = {
        node.output[0]
        for node in kept
        if node.op_type in _LAYERS and node.input[0] in sources and node.input[1] in from_codes
    }
    for node in kept:
        node.input[:] = [sources.get(name, name) for name in node.input]
    del graph.node[:]
    graph.node.extend(kept)
    return scales, layers


def _step(node: Any, constants: Mapping[str, Any], in_int8: AbstractSet[str]) -> _Step:
    # The inputs of these but the first are sizes, places or axes.
    takes_one = node.op_type in (_MOVING | _AVERAGING) - {"Concat"}
    names = node.input[:1] if takes_one else node.input
    reads = tuple(name for name in names if name and name not in constants)
    return _Step(node, reads, node.op_type in _LAYERS and node.output[0] not in in_int8)


def _all_scales(steps: Iterable[_Step], measured: Mapping[str, float]) -> dict[str, float]:
    """Return the scale of every tensor that has one, or gets one by those around it."""
    alike = _Alike()
    for step in steps:
        if step.kind in _MOVING:
            alike.join((*step.reads, *step.node.output))
    largest: dict[str, float] = {}
    for name, scale in measured.items():
        first = alike.first(name)
        largest[first] = max(largest.get(first, 0.0), scale)
    averaged = [
        (alike.first(step.reads[0]), alike.first(step.node.output[0]))
        for step in steps
        if step.averages and step.reads and step.node.output[0] not in measured
    ]
    for _ in averaged:  # a scale that grows may be handed on, at most as often as there are averages
        for read, given in averaged:
            if read in largest:
                largest[given] = max(largest.get(given, 0.0), largest[read])
    names = {name for step in steps for name in (*step.reads, *step.node.output)}
    return {name: largest[alike.first(name)] for name in names if alike.first(name) in largest}


class _Alike:
    """Which tensors have one scale."""

    def __init__(self) -> None:
        self._before: dict[str, str] = {}

    def first(self, name: str) -> str:
        """Return the tensor that stands for all whose scale is that of `name`."""
        while name in self._before:
            name = self._before[name]
        return name

    def join(self, names: Iterable[str]) -> None:
        """Let them have one scale."""
        firsts = list(dict.fromkeys(self.first(name) for name in names))
        self._before.update(dict.fromkeys(firsts[1:], firsts[0]))


def _places(steps: Iterable[_Step], known: AbstractSet[str]) -> list[str]:
    """Return the tensors that get a pair: they lead to an int8 layer, and what moved them has none."""
    leading: set[str] = set()
    read: set[str] = set()
    for step in reversed(list(steps)):
        is_layer = step.kind in _LAYERS and not step.in_float
        is_on_way = not leading.isdisjoint(step.node.output)
        if is_layer or (is_on_way and step.kind in _BETWEEN):
            read.update(step.reads)
            leading.update(step.reads)
        elif is_on_way and step.kind in _ACTIVATIONS:
            leading.update(step.reads)
    moved = {name for step in steps if step.kind in _MOVING for name in step.node.output}
    return sorted(read & known - moved)


def _not_negative(steps: Iterable[_Step], constants: Mapping[str, Any]) -> set[str]:
    """Return the tensors that hold nothing negative, whatever the picture."""
    found: set[str] = set()
    for step in steps:
        if (
            step.kind in _NOT_NEGATIVE
            or _keeps_sign(step, found, constants)
            or _clips_at_zero(step, constants)
        ):
            found.update(step.node.output)
    return found


def _keeps_sign(step: _Step, not_negative: set[str], constants: Mapping[str, Any]) -> bool:
    if not step.reads or not not_negative.issuperset(step.reads):
        return False
    if step.kind in _COMBINING:
        return all(np.min(constants[name], initial=0) >= 0 for name in step.node.input if name in constants)
    return step.kind in _MOVING or step.averages


def _clips_at_zero(step: _Step, constants: Mapping[str, Any]) -> bool:
    lower = step.node.input[1] if step.kind == "Clip" and len(step.node.input) > 1 else ""
    return lower in constants and float(constants[lower]) >= 0


@dataclass(frozen=True)
class _Pair:
    """The pair of one tensor; `scale` is that of int8."""

    tensor: str
    scale: float
    unsigned: bool

    @property
    def result(self) -> str:
        """Return the name of the tensor as it is after rounding."""
        return f"{self.tensor}@rounded"

    @property
    def _grid(self) -> tuple[str, str]:
        return f"{self.tensor}@rounded.scale", f"{self.tensor}@rounded.zero"

    def constants(self) -> tuple[Any, Any]:
        """Return scale and zero point."""
        from onnx import numpy_helper

        scale = self.scale * _LARGEST_INT8 / _LARGEST_UINT8 if self.unsigned else self.scale
        values = (np.array(scale, np.float32), np.array(0, np.uint8 if self.unsigned else np.int8))
        first, second = (numpy_helper.from_array(*one) for one in zip(values, self._grid, strict=True))
        return first, second

    def nodes(self) -> tuple[Any, Any]:
        """Return QuantizeLinear and DequantizeLinear."""
        from onnx import helper

        codes = f"{self.tensor}@rounded.codes"
        return (
            helper.make_node("QuantizeLinear", [self.tensor, *self._grid], [codes]),
            helper.make_node("DequantizeLinear", [codes, *self._grid], [self.result]),
        )


def _insert(graph: Any, steps: Iterable[_Step], pairs: Iterable[_Pair]) -> None:
    """Put each pair behind what makes its tensor, and let all but layers left in float read it."""
    made = {pair.tensor: pair for pair in pairs}
    nodes = [node for one in graph.input if one.name in made for node in made[one.name].nodes()]
    for step in steps:
        if not step.in_float:
            step.node.input[:] = [made[name].result if name in made else name for name in step.node.input]
        nodes.append(step.node)
        nodes += [node for name in step.node.output if name in made for node in made[name].nodes()]
    graph.initializer.extend(one for pair in made.values() for one in pair.constants())
    del graph.node[:]
    graph.node.extend(nodes)
