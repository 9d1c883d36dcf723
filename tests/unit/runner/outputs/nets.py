"""Graphs of a few operators, and the scales that their tensors have once pairs are placed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from segcompress_runner.outputs.placement import place_pairs

SIDE = 8


class Net:
    """A graph that grows operator by operator; tensors are named by who makes them."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, name: str, value: Any) -> str:
        self._constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(self, kind: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def pair(self, tensor: str, scale: float) -> str:
        """Return the tensor as int8 holds it, in steps of `scale`."""
        name = f"{tensor}.{len(self._nodes)}"
        step = self.constant(f"{name}.scale", np.float32(scale))
        zero = self.constant(f"{name}.zero", np.int8(0))
        code = self.add("QuantizeLinear", [tensor, step, zero], f"{name}.code")
        return self.add("DequantizeLinear", [code, step, zero], name)

    def conv(self, tensor: str, name: str, channels: tuple[int, int] = (2, 2)) -> str:
        """Return a 1x1 convolution with int8 weights."""
        weights = np.random.default_rng(list(name.encode())).normal(size=(channels[1], channels[0], 1, 1))
        value = self.constant(f"{name}.weight", weights.astype(np.float32))
        step = self.constant(f"{name}.weight.scale", np.full(channels[1], 0.02, np.float32))
        zero = self.constant(f"{name}.weight.zero", np.zeros(channels[1], np.int8))
        code = self.add("QuantizeLinear", [value, step, zero], f"{name}.weight.code", axis=0)
        whole = self.add("DequantizeLinear", [code, step, zero], f"{name}.weight.dq", axis=0)
        return self.add("Conv", [tensor, whole], name)

    def model(self, output: str) -> Any:
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, SIDE, SIDE])
        y = helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, 2, "height", "width"])
        graph = helper.make_graph(self._nodes, "net", [x], [y], self._constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def placed(model: Any) -> Any:
    place_pairs(model.graph)
    onnx.checker.check_model(model, full_check=True)
    return model


def codes(scale: float, kind: Any) -> tuple[float, str]:
    """Return what `scales` says of a tensor in steps of `scale`, in codes of that type."""
    return round(scale, 6), np.dtype(kind).name


def scales(model: Any) -> dict[str, tuple[float, str]]:
    """Return the scale and the type of the codes of each activation that has a pair, by its name."""
    constants = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    found = [node for node in model.graph.node if node.op_type == "QuantizeLinear"]
    named = [node for node in found if node.input[0] not in constants]
    names = [node.input[0] for node in named]
    assert len(names) == len(set(names)), "a tensor has one pair for all its readers"
    return {
        node.input[0]: codes(float(constants[node.input[1]]), constants[node.input[2]].dtype)
        for node in named
    }


def run(model: Any, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what the model gives where nothing is fused: pairs round, and all else is float."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    answer: NDArray[np.float32] = session.run(None, {"x": x})[0]
    return answer


def noise() -> NDArray[np.float32]:
    return np.random.default_rng(5).normal(size=(1, 2, SIDE, SIDE)).astype(np.float32)


def joined() -> Net:
    """Return two layers whose results are concatenated, and one that reads both."""
    net = Net()
    x = net.pair("x", 0.03)
    left = net.add("Relu", [net.pair(net.conv(x, "left"), 0.05)], "left.relu")
    right = net.add("Relu", [net.pair(net.conv(net.pair(left, 0.02), "right"), 0.05)], "right.relu")
    both = net.add("Concat", [left, right], "both", axis=1)
    net.conv(net.pair(both, 0.04), "last", (4, 2))
    return net


def resized(net: Net, tensor: str, mode: str, channels: int = 2) -> str:
    """Return a tensor at twice its size."""
    size = net.constant("size", np.array([1, channels, 2 * SIDE, 2 * SIDE]))
    none = net.constant("none", np.array([], np.float32))
    return net.add("Resize", [tensor, none, none, size], "wide", mode=mode)
