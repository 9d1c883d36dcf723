"""Which channels stay or go together, which must stay, and which go."""

from typing import Any

import numpy as np
import pytest

from segcompress_runner.compression.channels.choice import Removed, choose, clash, joined_with, share
from segcompress_runner.compression.channels.marking import Marks
from segcompress_runner.compression.channels.network import Network, Node
from segcompress_runner.compression.channels.ranking import bn_scale, geometry_median, l1_norm

IMAGE = (-1, 3, 8, 8)


class Net:
    """A network under construction, NCHW; every method adds an operator and returns what it makes."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.shapes: dict[str, tuple[int, ...]] = {"x": IMAGE}
        self.weights: set[str] = set()

    def op(self, kind: str, made: str, shape: tuple[int, ...], **slots: Any) -> str:
        attributes = slots.pop("attributes", {})
        inputs = {slot: (names,) if isinstance(names, str) else tuple(names) for slot, names in slots.items()}
        out = "Output" if "Filter" in slots else "Y" if kind == "batch_norm" else "Out"
        self.nodes.append(Node(kind, inputs, {out: (made,)}, attributes))
        self.shapes[made] = shape
        return made

    def weight(self, name: str, *shape: int) -> str:
        self.weights.add(name)
        self.shapes[name] = shape
        return name

    def conv(self, made: str, read: str, outputs: int, groups: int = 1) -> str:
        inputs = self.shapes[read][1]
        weight = self.weight(f"{made}.w", outputs, inputs // groups, 1, 1)
        return self.op(
            "conv2d",
            made,
            (-1, outputs, 8, 8),
            Input=read,
            Filter=weight,
            attributes={"groups": groups},
        )

    def norm(self, read: str) -> str:
        count = self.shapes[read][1]
        slots = {
            slot: self.weight(f"{read}.{slot.lower()}", count)
            for slot in ("Scale", "Bias", "Mean", "Variance")
        }
        return self.op("batch_norm", f"{read}.norm", self.shapes[read], X=read, **slots)

    def same(self, kind: str, read: str, **slots: Any) -> str:
        return self.op(kind, f"{read}.{kind}", self.shapes[read], X=read, **slots)

    def add(self, one: str, other: str, kind: str = "elementwise_add") -> str:
        return self.op(kind, f"{one}+{other}", self.shapes[one], X=one, Y=other, attributes={"axis": -1})

    def concat(self, *names: str, axis: int = 1) -> str:
        count = sum(self.shapes[name][1] for name in names)
        return self.op("concat", "concat", (-1, count, 8, 8), X=names, attributes={"axis": axis})

    def marks(self, **kept: str) -> Marks:
        return Marks(Network(tuple(self.nodes), self.shapes, frozenset(self.weights), kept))


def removed(marks: Marks, **ratios: float) -> Removed:
    """Remove the first channels of each layer: scores rise with the place."""
    named = {f"{name}.w": ratio for name, ratio in ratios.items()}
    return choose(marks, named, lambda weight: np.arange(len(marks.roots(weight)), dtype=float))


def why(marks: Marks, layer: str) -> str | None:
    return marks.partition.reason(marks.roots(f"{layer}.w"))


def test_a_layer_loses_outputs_and_what_follows_loses_inputs() -> None:
    net = Net()
    last = net.conv("last", net.same("relu", net.norm(net.conv("first", "x", 8))), 2)
    gone = removed(net.marks(), first=0.25)
    assert gone.kept("first.w") == {0: [2, 3, 4, 5, 6, 7]}
    assert gone.kept("last.w") == {1: [2, 3, 4, 5, 6, 7]}
    for name in ("scale", "bias", "mean", "variance"):
        assert gone.kept(f"first.{name}") == {0: [2, 3, 4, 5, 6, 7]}
    assert gone.kept(last) == {}


def test_a_depthwise_layer_follows_its_inputs() -> None:
    net = Net()
    net.conv("last", net.conv("deep", net.conv("first", "x", 8), 16, groups=8), 2)
    gone = removed(net.marks(), first=0.5)
    assert gone.kept("deep.w") == {0: [8, 9, 10, 11, 12, 13, 14, 15]}
    assert gone.kept("last.w") == {1: [8, 9, 10, 11, 12, 13, 14, 15]}


def test_layers_that_are_added_lose_the_same_channels_by_the_sum_of_their_scores() -> None:
    net = Net()
    one, other = net.conv("one", "x", 4), net.conv("other", "x", 4)
    net.conv("last", net.add(one, other), 2)
    marks = net.marks()
    scores = {"one.w": np.array([0.0, 5, 9, 9]), "other.w": np.array([9.0, 1, 0, 9])}
    gone = choose(marks, {"one.w": 0.25, "other.w": 0.25}, scores.__getitem__)
    assert gone.kept("one.w") == gone.kept("other.w") == {0: [0, 2, 3]}
    assert joined_with(marks, ["one.w"]) >= {"one.w", "other.w", "last.w"}


def test_ratios_of_joined_layers_must_agree() -> None:
    net = Net()
    net.conv("last", net.add(net.conv("one", "x", 4), net.conv("other", "x", 4)), 2)
    marks = net.marks()
    assert clash(marks, {"one.w": 0.5, "other.w": 0.5, "last.w": 0.1}) is None
    assert clash(marks, {"one.w": 0.5, "other.w": 0.25}) == ("one.w", "other.w")


def test_joined_side_by_side_each_part_goes_by_itself() -> None:
    net = Net()
    net.conv("last", net.concat(net.conv("one", "x", 4), net.conv("other", "x", 8)), 2)
    gone = removed(net.marks(), one=0.5, other=0.25)
    assert gone.kept("last.w") == {1: [2, 3, 6, 7, 8, 9, 10, 11]}


def test_one_channel_at_least_stays_in_every_part() -> None:
    """`sum` is as wide as both parts, and its least channels are all those of the first."""
    net = Net()
    both = net.concat(net.conv("one", "x", 2), net.conv("other", "x", 6))
    net.conv("last", net.add(net.conv("sum", "x", 8), both), 2)
    gone = removed(net.marks(), sum=0.25)
    assert gone.kept("one.w") == {0: [1]}
    assert gone.kept("sum.w") == {0: [1, 3, 4, 5, 6, 7]}


def test_a_bias_as_paddle_exports_it_is_cut_with_its_layer() -> None:
    net = Net()
    bias = net.op("reshape2", "laid", (1, 4, 1, 1), X=net.weight("bias", 4))
    net.conv("last", net.add(net.conv("first", "x", 4), bias), 2)
    assert removed(net.marks(), first=0.5).kept("bias") == {0: [2, 3]}


def test_attention_over_channels_joins_what_it_scales() -> None:
    net = Net()
    first = net.conv("first", "x", 4)
    pooled = net.op(
        "reduce_mean", "pooled", (-1, 4, 1, 1), X=first, attributes={"dim": [2, 3], "keep_dim": True}
    )
    gate = net.same("sigmoid", net.conv("gate", pooled, 4))
    net.conv("last", net.add(first, gate, "elementwise_mul"), 2)
    gone = removed(net.marks(), first=0.5)
    assert gone.kept("gate.w") == {0: [2, 3], 1: [2, 3]}


def test_attention_over_places_joins_nothing() -> None:
    net = Net()
    first = net.conv("first", "x", 4)
    mean = net.op("reduce_mean", "mean", (-1, 1, 8, 8), X=first, attributes={"dim": [1], "keep_dim": True})
    net.conv("last", net.add(first, net.conv("map", mean, 1), "elementwise_mul"), 2)
    assert removed(net.marks(), first=0.5).kept("last.w") == {1: [2, 3]}


@pytest.mark.parametrize(
    ("kind", "slots", "reason"),
    [
        pytest.param(
            "reshape2", {}, "first, which the operator reshape2 reads", id="an operator without a rule"
        ),
        pytest.param(
            "softmax",
            {"attributes": {"axis": 1}},
            "first, which the operator softmax reads",
            id="over channels",
        ),
        pytest.param(
            "softmax", {"attributes": {"axis": -1}}, "first.softmax, an output of the model", id="output"
        ),
        pytest.param(
            "batch_norm",
            {"attributes": {"data_layout": "NHWC"}},
            "first, which the operator batch_norm reads",
            id="channels last",
        ),
    ],
)
def test_channels_stay_where_their_number_matters(kind: str, slots: dict[str, Any], reason: str) -> None:
    net = Net()
    net.same(kind, net.conv("first", "x", 4), **slots)
    assert why(net.marks(), "first") == reason


def test_a_layer_with_groups_keeps_what_it_reads() -> None:
    net = Net()
    net.conv("grouped", net.conv("first", "x", 8), 8, groups=2)
    assert why(net.marks(), "first") == "first, which the operator conv2d reads"


def test_a_distilled_value_keeps_its_channels_and_those_joined_with_it() -> None:
    net = Net()
    both = net.add(net.conv("one", "x", 4), net.conv("other", "x", 4))
    net.conv("last", net.conv("free", net.same("relu", both), 4), 2)
    marks = net.marks(**{f"{both}.relu": "which is distilled"})
    assert why(marks, "one") == why(marks, "other") == f"{both}.relu, which is distilled"
    assert why(marks, "free") is None


@pytest.mark.parametrize(
    ("ratio", "count", "gone"), [(0.25, 8, 2), (0.25, 2, 0), (0.3, 8, 2), (0.99, 8, 7), (0.9, 1, 0)]
)
def test_the_share_is_met_to_the_nearest_channel_and_one_stays(ratio: float, count: int, gone: int) -> None:
    assert share(ratio, count) == gone


def test_criteria() -> None:
    filters = np.array([[3.0, -4.0], [1.0, 1.0], [1.0, 2.0]], np.float32)
    assert l1_norm(filters).tolist() == [7, 2, 3]
    assert np.argsort(geometry_median(filters)).tolist() == [1, 2, 0]
    assert bn_scale(np.array([-2.0, 1.0], np.float32)).tolist() == [2, 1]
