"""Whether the codes of a tensor have a sign."""

import numpy as np
import pytest

from unit.runner.outputs.nets import SIDE, Net, placed, resized, scales


@pytest.mark.parametrize(("least", "kind"), [(0.0, "uint8"), (-1.0, "int8")])
def test_codes_have_a_sign_where_values_may_have_one(least: float, kind: str) -> None:
    net = Net()
    bounds = [net.constant("least", np.float32(least)), net.constant("most", np.float32(6))]
    clip = net.add("Clip", [net.conv(net.pair("x", 0.03), "first"), *bounds], "clip")
    net.conv(net.pair(clip, 0.05), "last")
    assert scales(placed(net.model("last")))["clip"][1] == kind


@pytest.mark.parametrize(
    ("operator", "constant", "kind"),
    [
        ("Add", 1, "uint8"),
        ("Add", -1, "int8"),
        ("Mul", 2, "uint8"),
        ("Mul", -2, "int8"),
        ("Concat", 1, "uint8"),
        ("Concat", -1, "int8"),
        ("Sub", 1, "int8"),
    ],
)
def test_codes_have_a_sign_where_a_constant_can_make_values_negative(
    operator: str, constant: int, kind: str
) -> None:
    net = Net()
    relu = net.add("Relu", [net.conv(net.pair("x", 0.03), "first")], "relu")
    other = net.constant("other", np.full((1, 2, SIDE, SIDE), constant, np.float32))
    axis = {"axis": 1} if operator == "Concat" else {}
    made = net.add(operator, [relu, other], "made", **axis)
    mean = net.add("AveragePool", [made], "mean", kernel_shape=[1, 1])
    net.conv(net.pair(mean, 0.05), "last", (4 if axis else 2, 2))
    assert scales(placed(net.model("last")))["mean"][1] == kind


@pytest.mark.parametrize(("mode", "kind"), [("linear", "uint8"), ("cubic", "int8")])
def test_codes_have_a_sign_behind_a_resizing_that_overshoots(mode: str, kind: str) -> None:
    net = Net()
    relu = net.add("Relu", [net.conv(net.pair("x", 0.03), "first")], "relu")
    net.conv(net.pair(relu, 0.02), "side")
    wide = resized(net, relu, mode)
    net.conv(net.pair(wide, 0.05), "last")
    assert scales(placed(net.model("last")))["wide"][1] == kind
