"""Where pairs stand in graphs of a few operators, and what they round."""

import numpy as np
import pytest

from unit.runner.outputs.nets import SIDE, Net, codes, joined, noise, placed, resized, run, scales


def test_what_is_concatenated_has_one_scale_the_largest_and_what_comes_out_needs_no_pair() -> None:
    found = scales(placed(joined().model("last")))
    assert found == {
        "x": codes(0.03, np.int8),
        "left.relu": codes(0.04 * 127 / 255, np.uint8),
        "right.relu": codes(0.04 * 127 / 255, np.uint8),
    }


def test_nothing_is_rounded_between_a_layer_and_its_relu() -> None:
    kinds = {node.output[0]: node for node in placed(joined().model("last")).graph.node}
    assert kinds["left.relu"].input[0] == "left"


def test_a_concatenation_reads_what_the_layers_read() -> None:
    model = placed(joined().model("last"))
    by_output = {node.output[0]: node for node in model.graph.node}
    assert by_output["right"].input[0] == by_output["both"].input[0] != "left.relu"
    assert by_output["last"].input[0] == "both"


def test_the_placed_graph_is_no_further_from_the_float_one_than_the_old_one() -> None:
    rounds = joined()
    floats = Net()
    left = floats.add("Relu", [floats.conv("x", "left")], "left.relu")
    right = floats.add("Relu", [floats.conv(left, "right")], "right.relu")
    floats.conv(floats.add("Concat", [left, right], "both", axis=1), "last", (4, 2))
    expected = run(floats.model("last"), noise())
    before = np.abs(run(rounds.model("last"), noise()) - expected).mean()
    after = np.abs(run(placed(rounds.model("last")), noise()) - expected).mean()
    assert 0 < after < 1.1 * before
    assert after < 0.1 * np.abs(expected).mean()


def after_pool(kind: str, scale: float | None) -> dict[str, tuple[float, str]]:
    """Return the pairs around a pooling between two layers; `scale` is that of what it gives, if known."""
    net = Net()
    relu = net.add("Relu", [net.conv(net.pair("x", 0.03), "first")], "relu")
    net.conv(net.pair(relu, 0.02), "side")
    pool = net.add(kind, [relu], "pool", kernel_shape=[2, 2], strides=[2, 2])
    wide = net.add("Add", [pool if scale is None else net.pair(pool, scale), pool], "wide")
    net.conv(net.pair(wide, 0.05), "last")
    return scales(placed(net.model("last")))


def test_what_is_moved_is_rounded_once() -> None:
    assert after_pool("MaxPool", None).keys() == {"x", "relu", "wide"}


def test_what_is_moved_has_the_largest_scale_on_either_side() -> None:
    assert after_pool("MaxPool", 0.025)["relu"] == codes(0.025 * 127 / 255, np.uint8)


def test_a_mean_has_its_own_scale() -> None:
    found = after_pool("AveragePool", 0.01)
    assert found["pool"] == codes(0.01 * 127 / 255, np.uint8)
    assert found["relu"] == codes(0.02 * 127 / 255, np.uint8)


def test_a_mean_whose_scale_is_not_known_has_that_of_its_values() -> None:
    assert after_pool("AveragePool", None)["pool"] == codes(0.02 * 127 / 255, np.uint8)


def test_nothing_is_rounded_behind_the_last_layer() -> None:
    net = Net()
    net.conv(net.pair("x", 0.03), "last")
    sizes = net.constant("sizes", np.array([1, 2, 16, 16]))
    none = net.constant("none", np.array([], np.float32))
    net.add("Resize", [net.pair("last", 0.1), none, none, sizes], "wide", mode="linear")
    assert scales(placed(net.model("wide"))).keys() == {"x"}


def test_a_layer_that_was_left_in_float_reads_what_is_not_rounded() -> None:
    net = Net()
    first = net.conv(net.pair("x", 0.03), "first")
    kept = net.conv(first, "kept")
    both = net.add("Add", [net.conv(net.pair(first, 0.02), "second"), kept], "both")
    net.conv(net.pair(both, 0.05), "last")
    model = placed(net.model("last"))
    by_output = {node.output[0]: node for node in model.graph.node}
    assert by_output["kept"].input[0] == "first"
    assert by_output["second"].input[0] == "first@rounded"
    assert scales(model)["first"] == codes(0.02, np.int8)


def test_a_layer_with_float_weights_reads_what_is_not_rounded_though_it_read_a_pair() -> None:
    net = Net()
    first = net.pair(net.conv(net.pair("x", 0.03), "first"), 0.02)
    kept = net.add("Conv", [first, net.constant("weight", np.ones((2, 2, 1, 1), np.float32))], "kept")
    both = net.add("Add", [net.conv(first, "second"), kept], "both")
    net.conv(net.pair(both, 0.05), "last")
    by_output = {node.output[0]: node for node in placed(net.model("last")).graph.node}
    assert by_output["kept"].input[0] == "first"
    assert by_output["second"].input[0] == "first@rounded"


def test_a_layer_whose_int8_weights_are_transposed_reads_a_pair() -> None:
    net = Net()
    codes_of = net.constant("codes", np.ones((1, 1, SIDE, SIDE), np.int8))
    step, zero = net.constant("step", np.float32(0.02)), net.constant("zero", np.int8(0))
    weights = net.add("DequantizeLinear", [codes_of, step, zero], "weights")
    turned = net.add("Transpose", [weights], "turned", perm=[0, 1, 3, 2])
    net.add("MatMul", [net.pair("x", 0.03), turned], "last")
    assert scales(placed(net.model("last"))) == {"x": codes(0.03, np.int8)}


def test_a_layer_left_in_float_reads_rounded_values_behind_what_also_feeds_an_int8_layer() -> None:
    net = Net()
    relu = net.add("Relu", [net.conv(net.pair("x", 0.03), "first")], "relu")
    pool = net.add("MaxPool", [relu], "pool", kernel_shape=[1, 1])
    both = net.add("Add", [net.conv(net.pair(pool, 0.02), "second"), net.conv(pool, "kept")], "both")
    net.conv(net.pair(both, 0.05), "last")
    by_output = {node.output[0]: node for node in placed(net.model("last")).graph.node}
    assert by_output["kept"].input[0] == by_output["second"].input[0] == "pool"
    assert by_output["pool"].input[0] == "relu@rounded"


def around_a_mean(scale: float | None) -> dict[str, tuple[float, str]]:
    """Return the pairs where a mean of large values is joined with small ones; `scale` is the mean's own."""
    net = Net()
    x = net.pair("x", 0.03)
    relu = net.add("Relu", [net.conv(x, "first")], "relu")
    net.conv(net.pair(relu, 0.1), "side")
    mean = net.add("AveragePool", [relu], "mean", kernel_shape=[1, 1])
    small = net.add("Relu", [net.conv(x, "second")], "small")
    sides = [mean if scale is None else net.pair(mean, scale), net.pair(small, 0.02)]
    both = net.add("Concat", sides, "both", axis=1)
    net.conv(net.pair(resized(net, both, "linear", 4), 0.03), "last", (4, 2))
    return scales(placed(net.model("last")))


def test_a_mean_that_was_not_measured_is_not_clipped_by_what_it_is_joined_with() -> None:
    found = around_a_mean(None)
    assert found["mean"] == found["small"] == codes(0.1 * 127 / 255, np.uint8)
    assert found["wide"] == codes(0.03 * 127 / 255, np.uint8)


def test_a_mean_that_was_measured_does_not_grow() -> None:
    assert around_a_mean(0.04)["mean"] == codes(0.04 * 127 / 255, np.uint8)


def test_a_scale_that_a_later_mean_raises_is_handed_on_to_an_earlier_one() -> None:
    net = Net()
    x = net.pair("x", 0.03)
    small = net.add("Relu", [net.conv(x, "first")], "small")
    early = net.add("AveragePool", [small], "early", kernel_shape=[1, 1])
    big = net.add("Relu", [net.conv(x, "second")], "big")
    net.conv(net.pair(big, 0.1), "side")
    late = net.add("AveragePool", [big], "late", kernel_shape=[1, 1])
    net.conv(net.pair(net.add("Concat", [small, late], "both", axis=1), 0.02), "other", (4, 2))
    net.conv(net.pair(net.add("Add", [early, early], "twice"), 0.05), "last")
    found = scales(placed(net.model("last")))
    assert {found[name] for name in ("early", "small", "late")} == {codes(0.1 * 127 / 255, np.uint8)}


def test_a_resizing_that_overshoots_has_no_scale_of_what_it_reads() -> None:
    net = Net()
    relu = net.add("Relu", [net.conv(net.pair("x", 0.03), "first")], "relu")
    net.conv(net.pair(relu, 0.1), "side")
    both = net.add("Add", [resized(net, relu, "cubic"), net.constant("one", np.float32(1))], "both")
    net.conv(net.pair(both, 0.05), "last")
    assert "wide" not in scales(placed(net.model("last")))


def test_the_largest_value_stays() -> None:
    (largest,) = {
        round(255 * scale, 4)
        for name, (scale, _) in scales(placed(joined().model("last"))).items()
        if name != "x"
    }
    assert largest == pytest.approx(127 * 0.04, rel=1e-4)


def test_sizes_are_not_rounded() -> None:
    net = Net()
    relu = net.add("Relu", [net.conv(net.pair("x", 0.03), "first")], "relu")
    size = net.add("Shape", [net.pair(relu, 0.02)], "size")
    net.conv(net.pair(net.add("Reshape", [relu, size], "same"), 0.02), "last")
    model = placed(net.model("last"))
    assert scales(model).keys() == {"x", "relu"}
    assert run(model, noise()).shape == (1, 2, SIDE, SIDE)


def test_a_float_graph_stays_as_it_is() -> None:
    net = Net()
    net.add("Relu", [net.conv("x", "first")], "relu")
    model = net.model("relu")
    assert placed(model) == net.model("relu")
