"""Number every channel of a network, and find out which of them stay or go together.

Each kind of operator has a rule that says what it does to channels (axis 1 of a value, NCHW). A kind without
a rule keeps the channels that it reads: it may depend on their number. PaddleSlim's `Pruner` walks from layer
to layer instead; it knows no `concat` and leaves out every layer whose walk ends there.
"""

from collections.abc import Callable, Mapping
from math import prod

from segcompress_runner.compression.channels.labels import Labels, Partition
from segcompress_runner.compression.channels.network import Network, Node

CHANNELS = 1
_LAYOUTS = ("NCHW", "AnyLayout")


class Marks:
    """The channels of a network's variables: for each axis that has any, one label a channel.

    `layers` are the weights of convolutions that make channels, each with the axis of its outputs and the
    value that it makes.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.partition = Partition()
        self.axes: dict[str, dict[int, Labels]] = {}
        self.layers: dict[str, tuple[int, str]] = {}
        read: set[str] = set()
        for node in network.nodes:
            read.update(name for names in node.inputs.values() for name in names)
            _RULES.get(node.kind, _keep)(node, self)
        for name in self.axes:
            if name in network.kept:
                self.keep(name, network.kept[name])
            elif name not in read:
                self.keep(name, "an output of the model")

    def shape(self, name: str) -> tuple[int, ...]:
        """Return a variable's shape."""
        return self.network.shapes.get(name, ())

    def of(self, name: str) -> Labels | None:
        """Return the channels of a value, None where they are not known."""
        return self.axes.get(name, {}).get(CHANNELS)

    def mark(self, name: str, labels: Labels | None, axis: int = CHANNELS) -> None:
        """Say which channels an axis has; what had others before is joined with them."""
        if labels is None or not name:
            return
        known = self.axes.setdefault(name, {}).setdefault(axis, labels)
        if len(known) == len(labels):
            self.partition.join(known, labels)
        else:
            self.partition.pin((*known, *labels), f"{name}, whose channels are of two kinds")

    def keep(self, name: str, why: str) -> None:
        """Let every channel of a variable stay."""
        for labels in self.axes.get(name, {}).values():
            self.partition.pin(labels, f"{name}, {why}")

    def roots(self, weight: str) -> Labels:
        """Return the channels that a convolution makes, by what stands for all that are joined."""
        axis, _ = self.layers[weight]
        return self.partition.roots(self.axes[weight][axis])


Rule = Callable[[Node, Marks], None]


def _keep(node: Node, marks: Marks) -> None:
    for names in node.inputs.values():
        for name in names:
            marks.keep(name, f"which the operator {node.kind} reads")


def _nothing(node: Node, marks: Marks) -> None:
    """Let an operator read channels that may change: what it makes has none."""


def _same(read: str, made: str, *parameters: str) -> Rule:
    """Return the rule of operators whose output has the input's channels, and parameters one a channel."""

    def rule(node: Node, marks: Marks) -> None:
        if not _is_channels_first(node):
            return _keep(node, marks)
        labels = marks.of(node.reads(read))
        for slot in parameters:
            marks.mark(node.reads(slot), labels, 0)
        return marks.mark(node.makes(made), labels)

    return rule


def _is_channels_first(node: Node) -> bool:
    layouts = (node.attributes.get(name, "NCHW") for name in ("data_format", "data_layout"))
    return all(layout in _LAYOUTS for layout in layouts)


def _convolution(node: Node, marks: Marks) -> None:
    weight, labels = node.reads("Filter"), marks.of(node.reads("Input"))
    groups, filters = node.attributes.get("groups", 1), marks.shape(node.reads("Filter"))[0]
    if not _is_channels_first(node):
        return _keep(node, marks)
    if groups == 1:
        made: Labels = marks.axes.get(weight, {}).get(0) or marks.partition.fresh(filters)
        marks.mark(weight, labels, 1)
        marks.layers[weight] = (0, node.makes("Output"))
    elif labels is not None and groups == len(labels):  # depthwise: each channel has filters of its own
        made = tuple(label for label in labels for _ in range(filters // groups))
    else:
        return _keep(node, marks)
    marks.mark(weight, made, 0)
    marks.mark(node.reads("Bias"), made, 0)
    return marks.mark(node.makes("Output"), made)


def _transposed_convolution(node: Node, marks: Marks) -> None:
    weight, labels = node.reads("Filter"), marks.of(node.reads("Input"))
    groups, filters = node.attributes.get("groups", 1), marks.shape(node.reads("Filter"))[1]
    if not _is_channels_first(node):
        return _keep(node, marks)
    if groups == 1:
        made = marks.axes.get(weight, {}).get(1) or marks.partition.fresh(filters)
        marks.mark(weight, made, 1)
        marks.layers[weight] = (1, node.makes("Output"))
    elif labels is not None and groups == len(labels) and filters == 1:
        made = labels
    else:
        return _keep(node, marks)
    marks.mark(weight, labels, 0)
    marks.mark(node.reads("Bias"), made, 0)
    return marks.mark(node.makes("Output"), made)


def _elementwise(node: Node, marks: Marks) -> None:
    """Join the channels of both inputs, or give a parameter its input's."""
    left, right = node.reads("X"), node.reads("Y")
    if right in marks.network.weights:
        return _with_parameter(node, marks)
    for name, other in ((left, right), (right, left)):
        if _is_broadcast(marks.shape(name), marks.shape(other)):
            return marks.mark(node.makes("Out"), marks.of(other))
    first, second = marks.of(left), marks.of(right)
    if first is None or second is None or len(first) != len(second):
        return _keep(node, marks)
    marks.partition.join(first, second)
    return marks.mark(node.makes("Out"), first)


def _is_broadcast(shape: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Return whether a value has one channel for all of the other's."""
    if prod(shape) == 1:
        return True
    return len(shape) == len(other) > CHANNELS and shape[CHANNELS] == 1


def _with_parameter(node: Node, marks: Marks) -> None:
    labels, parameter = marks.of(node.reads("X")), node.reads("Y")
    shape, rank = marks.shape(parameter), len(marks.shape(node.reads("X")))
    if labels is None:
        return None
    if prod(shape) != 1:
        start = node.attributes.get("axis", -1)
        place = CHANNELS - (rank - len(shape) if start == -1 else start)
        if not 0 <= place < len(shape):
            return _keep(node, marks)
        if shape[place] == len(labels):
            marks.mark(parameter, labels, place)
        elif shape[place] != 1:
            return _keep(node, marks)
    return marks.mark(node.makes("Out"), labels)


def _concat(node: Node, marks: Marks) -> None:
    names = node.inputs.get("X", ())
    rank = len(marks.shape(names[0]))
    if node.inputs.get("AxisTensor"):
        return _keep(node, marks)
    if node.attributes.get("axis", 0) % rank == CHANNELS:
        parts = [_labelled(name, marks) for name in names]
        if any(part is None for part in parts):
            return _keep(node, marks)
        return marks.mark(node.makes("Out"), tuple(label for part in parts for label in part or ()))
    first = marks.of(names[0])
    for name in names[1:]:
        other = marks.of(name)
        if first is None or other is None or len(first) != len(other):
            return _keep(node, marks)
        marks.partition.join(first, other)
    return marks.mark(node.makes("Out"), first)


def _labelled(name: str, marks: Marks) -> Labels | None:
    """Return the channels of a value; those that are not known become ones that stay."""
    known, count = marks.of(name), marks.shape(name)[CHANNELS]
    if known is not None or count < 1:
        return known
    made = marks.partition.fresh(count)
    marks.partition.pin(made, f"{name}, whose channels are not made by a convolution")
    return made


def _reshape(node: Node, marks: Marks) -> None:
    """Take a bias that is laid out as 1 x C x 1 x 1, as Paddle exports a convolution's."""
    bias, made = node.reads("X"), node.makes("Out")
    shape = marks.shape(bias)
    if bias not in marks.network.weights or marks.shape(made) != (1, *shape, 1, 1):
        return _keep(node, marks)
    labels = marks.axes.get(bias, {}).get(0) or marks.partition.fresh(*shape)
    marks.mark(bias, labels, 0)
    return marks.mark(made, labels)


def _reduce(node: Node, marks: Marks) -> None:
    """Sum, mean or extreme over some axes; over channels it is that of those that are left."""
    labels = marks.of(node.reads("X"))
    rank = len(marks.shape(node.reads("X")))
    dims = {dim % rank for dim in node.attributes.get("dim", ())} if rank else set()
    if node.attributes.get("reduce_all") or CHANNELS in dims:
        return None
    if 0 in dims:
        return _keep(node, marks)
    return marks.mark(node.makes("Out"), labels)


def _over_an_axis(node: Node, marks: Marks) -> None:
    rank = len(marks.shape(node.reads("X")))
    if not rank or node.attributes.get("axis", -1) % rank == CHANNELS:
        return _keep(node, marks)
    return marks.mark(node.makes("Out"), marks.of(node.reads("X")))


_SAME = _same("X", "Out")
_RULES: Mapping[str, Rule] = {
    "conv2d": _convolution,
    "depthwise_conv2d": _convolution,
    "conv2d_transpose": _transposed_convolution,
    "depthwise_conv2d_transpose": _transposed_convolution,
    "batch_norm": _same("X", "Y", "Scale", "Bias", "Mean", "Variance"),
    "sync_batch_norm": _same("X", "Y", "Scale", "Bias", "Mean", "Variance"),
    "instance_norm": _same("X", "Y", "Scale", "Bias"),
    "concat": _concat,
    "reshape2": _reshape,
    "softmax": _over_an_axis,
    "shape": _nothing,
    **dict.fromkeys(
        ["elementwise_add", "elementwise_sub", "elementwise_mul", "elementwise_div", "elementwise_max"],
        _elementwise,
    ),
    **dict.fromkeys(["reduce_mean", "reduce_max", "reduce_min", "reduce_sum"], _reduce),
    **dict.fromkeys(
        [
            *("relu", "relu6", "leaky_relu", "elu", "gelu", "mish", "silu", "swish", "softplus", "tanh"),
            *("sigmoid", "hard_sigmoid", "hard_swish", "sqrt", "square", "abs", "exp", "clip", "scale"),
            *("cast", "assign", "dropout", "pool2d", "nearest_interp_v2", "bilinear_interp_v2"),
            *("bicubic_interp_v2",),
        ],
        _SAME,
    ),
}
