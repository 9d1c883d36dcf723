"""Channel pruning: the least channels of convolutions are cut out of weights and graph, the rest is trained.

Not PaddleSlim's `Pruner`: it leaves out every layer whose channels reach an operator that it does not know,
`concat` among them, and says so in a log line. Which channels belong together is found in `channels`; its
criteria are upstream's.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from segcompress_api.act_settings import ChannelSettings
from segcompress_runner.compression.channels import ranking
from segcompress_runner.compression.channels.choice import Removed, choose, clash, joined_with, share
from segcompress_runner.compression.channels.marking import CHANNELS, Marks
from segcompress_runner.compression.channels.network import read_network
from segcompress_runner.compression.graph import Operator
from segcompress_runner.compression.steps.naming import check_named
from segcompress_runner.compression.steps.step import Graphs, Step
from segcompress_runner.errors import InvalidSettingError

_SECTION = "spec.strategy.ChannelPrune"
_FIELD = f"{_SECTION}.prune_params_name"
_SHOWN = 3
_WITHOUT_SHAPE = ("feed", "fetch")

Value = Callable[[str], NDArray[np.float32]]


class ChannelPrune(Step):
    """The cut, made once before the training."""

    rewrites_graph: ClassVar[bool] = True

    def __init__(self, settings: ChannelSettings) -> None:
        self._settings = settings
        self._whys: dict[str, str] = {}

    def changed(self, program: Any, graph: Sequence[Operator], nodes: Sequence[str]) -> tuple[Operator, ...]:
        """Return the operators that lose channels: the layers to prune, and what reads them."""
        marks = _marks(program, nodes)
        ratios = self._ratios(marks, [param.name for param in program.all_parameters()])
        smaller = joined_with(marks, ratios) & marks.network.weights
        return tuple(one for one in graph if not smaller.isdisjoint(one.inputs))

    def before_loss(self, graphs: Graphs, executor: Any) -> None:
        """Cut the channels out of both programs and of the weights in the scope."""
        marks = _marks(graphs.inference, graphs.nodes)
        value = _values_in(graphs.scope)
        score = _CRITERIA[self._settings.criterion]
        ratios = self._ratios(marks, marks.network.weights)
        removed = choose(marks, ratios, lambda weight: score(weight, marks, value))
        self.notes = (_told(marks, removed, self._whys),)
        for program in (graphs.inference, graphs.train):
            _cut_graph(program, removed)
        for name in removed.variables:
            if name in marks.network.weights:
                cut = _cut(value(name), removed.kept(name))
                graphs.scope.find_var(name).get_tensor().set(cut, executor.place)

    def _ratios(self, marks: Marks, parameters: Any) -> dict[str, float]:
        """Return what each layer loses; raises InvalidSettingError naming a layer that cannot lose it."""
        if self._settings.ratio is not None:
            return self._of_all(marks, self._settings.ratio)
        ratios = dict(self._settings.ratios)
        check_named(tuple(ratios), parameters, _FIELD)
        for name, ratio in ratios.items():
            why = _why_not(marks, name, ratio) or self._why_no_score(marks, name)
            if why is not None:
                raise InvalidSettingError(f"{_FIELD}: {name} cannot be pruned: {why}; leave it out")
        clashing = clash(marks, ratios)
        if clashing is not None:
            raise InvalidSettingError(
                f"{_SECTION}.pruned_ratio: {clashing[0]} and {clashing[1]} make the same channels, which are "
                f"added or joined later; give both the same ratio, or name one of them"
            )
        return ratios

    def _of_all(self, marks: Marks, ratio: float) -> dict[str, float]:
        whys = {
            name: _why_not(marks, name, ratio) or self._why_no_score(marks, name) for name in marks.layers
        }
        if all(whys.values()):
            name, why = next(iter(whys.items()), ("", "it has no convolution without groups"))
            raise InvalidSettingError(
                f"{_SECTION}: the model has no layer that can be pruned: {name}{': ' if name else ''}{why}"
            )
        self._whys = {name: why for name, why in whys.items() if why is not None}
        return dict.fromkeys((name for name in whys if name not in self._whys), ratio)

    def _why_no_score(self, marks: Marks, name: str) -> str | None:
        if self._settings.criterion != "bn_scale":
            return None
        without = [one for one in _makers(marks, name) if _norm_behind(marks, one) is None]
        return f"criterion bn_scale needs a batch norm behind {without[0]}" if without else None


def _marks(program: Any, nodes: Sequence[str]) -> Marks:
    return Marks(read_network(program, dict.fromkeys(nodes, "which is distilled (Distillation.node)")))


def _told(marks: Marks, removed: Removed, whys: Mapping[str, str]) -> str:
    """Return in a sentence which layers are smaller, and why others are not."""
    smaller = [name for name, (axis, _) in marks.layers.items() if axis in removed.kept(name)]
    text = f"{len(smaller)} of {len(marks.layers)} convolutions have fewer outputs"
    if not whys:
        return text
    listed = [f"{name} ({why})" for name, why in list(whys.items())[:_SHOWN]]
    more = "; …" if len(whys) > _SHOWN else ""
    return f"{text}; kept as they are: {'; '.join(listed)}{more}"


def _why_not(marks: Marks, name: str, ratio: float) -> str | None:
    """Return why a layer cannot lose the share, None where it can."""
    if name not in marks.layers:
        return "it is not a weight of a convolution without groups"
    roots = marks.roots(name)
    reason = marks.partition.reason(roots)
    if reason is not None:
        return f"its channels reach {reason}"
    if share(ratio, len(roots)) == 0:
        return f"{ratio:g} of its {len(roots)} channels rounds to zero"
    return None


def _makers(marks: Marks, name: str) -> list[str]:
    """Return the layers that make channels which the layer `name` makes too, itself among them."""
    roots = set(marks.roots(name))
    return [one for one in marks.layers if not roots.isdisjoint(marks.roots(one))]


def _norm_behind(marks: Marks, weight: str) -> str | None:
    """Return the scales of the batch norm that reads what a layer makes, with its bias or without."""
    _, made = marks.layers[weight]
    nodes = marks.network.nodes
    with_bias = (node for node in nodes if node.kind == "elementwise_add" and node.reads("X") == made)
    values = {made, *(node.makes("Out") for node in with_bias)}
    norms = (node for node in nodes if node.kind.endswith("batch_norm") and node.reads("X") in values)
    return next((node.reads("Scale") for node in norms), None)


def _filters(weight: str, marks: Marks, value: Value) -> NDArray[np.float32]:
    """Return a layer's weights, outputs first."""
    return np.moveaxis(value(weight), marks.layers[weight][0], 0)


def _by_norm(weight: str, marks: Marks, value: Value) -> ranking.Scores:
    return ranking.bn_scale(value(_norm_behind(marks, weight) or ""))


_CRITERIA: Mapping[str, Callable[[str, Marks, Value], ranking.Scores]] = {
    "l1_norm": lambda *layer: ranking.l1_norm(_filters(*layer)),
    "geometry_median": lambda *layer: ranking.geometry_median(_filters(*layer)),
    "bn_scale": _by_norm,
}


def _values_in(scope: Any) -> Value:
    return lambda name: np.asarray(scope.find_var(name).get_tensor())


def _cut(values: NDArray[Any], kept: Mapping[int, list[int]]) -> NDArray[Any]:
    for axis, places in kept.items():
        values = np.take(values, places, axis)
    return np.ascontiguousarray(values)


def _cut_graph(program: Any, removed: Removed) -> None:
    """Declare the shapes that are left, and let depthwise convolutions have as many groups as channels."""
    block = program.global_block()
    for name in removed.variables:
        if block.has_var(name):
            shape = list(block.var(name).shape)
            for axis, places in removed.kept(name).items():
                shape[axis] = len(places)
            block.var(name).desc.set_shape(shape)
    for op in block.ops:
        _adapt(op, removed)
        if op.type not in _WITHOUT_SHAPE:
            op.desc.infer_shape(block.desc)


def _adapt(op: Any, removed: Removed) -> None:
    """Write the new numbers of channels into an operator's attributes."""
    if op.type == "reshape2" and removed.kept(op.input("X")[0]):
        op._set_attr("shape", [1, -1, 1, 1])  # noqa: SLF001  # no public way
    if op.has_attr("groups") and op.attr("groups") > 1:
        kept = removed.kept(op.input("Input")[0])
        if kept:
            op._set_attr("groups", len(kept[CHANNELS]))  # noqa: SLF001  # no public way
