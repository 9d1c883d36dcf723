"""The program that builds, fills and exports a network: a request on stdin, an answer in a file.

The only module that makes PaddleSeg's networks. Only classes of its registries of networks and backbones are
built; datasets and transforms, which open files, are none of them.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray
from paddleseg import models  # noqa: F401 - fills the registries
from paddleseg.cvlibs import manager

from segcompress_api.errors import nearest
from segcompress_runner.errors import InvalidInputError, is_exhaustion, is_full
from segcompress_runner.inputs.networks.pdparams import read_state

_REGISTRIES = (manager.MODELS, manager.BACKBONES)
_SCORES_RANK = 4
_SHOWN = 5
_INPUT = "x"
_STACK = "op_callstack"


class _WrongConfigError(ValueError):
    """The section names or asks for what cannot be built; the message begins with the key."""


class _Exported(paddle.nn.Layer):  # type: ignore[misc]  # Paddle ships no types
    """A network's first output, which PaddleSeg evaluates, and what follows it."""

    def __init__(self, network: Any, output_op: str) -> None:
        super().__init__()
        self.network = network
        self.output_op = output_op
        self.wrong = ""
        """What is wrong with the output: Paddle wraps whatever is raised while it traces."""

    def forward(self, x: Any) -> Any:
        scores = self._first(self.network(x))
        if self.output_op == "softmax":
            return paddle.nn.functional.softmax(scores, axis=1)
        if self.output_op == "argmax":
            return paddle.argmax(scores, axis=1, dtype="int32")
        return scores

    @paddle.jit.not_to_static  # type: ignore[untyped-decorator]
    def _first(self, outputs: Any) -> Any:
        first = outputs[0] if isinstance(outputs, list | tuple) and outputs else outputs
        rank = len(getattr(first, "shape", ()))
        if rank != _SCORES_RANK:
            found = f"an output of rank {rank}" if rank else f"a {type(outputs).__name__}"
            self.wrong = f"model.type: the network gives {found}, not scores N x classes x H x W"
            raise ValueError(self.wrong)
        return first


def build(section: Mapping[str, Any], key: str = "model") -> Any:
    """Return the network or backbone of a section; raises _WrongConfigError naming the key."""
    name = section["type"]
    known = next((each for each in _REGISTRIES if name in each.components_dict), None)
    if known is None:
        raise _WrongConfigError(
            f"{key}.type: {name} is not a network of PaddleSeg 2.8.0; {_did_you_mean(name)}"
        )
    arguments = {each: _argument(value, f"{key}.{each}") for each, value in section.items() if each != "type"}
    try:
        return known[name](**arguments)
    except Exception as error:
        if is_exhaustion(error):
            raise
        raise _WrongConfigError(f"{key}: {name} cannot be built ({_line(error)})") from None


def _argument(value: Any, key: str) -> Any:
    if isinstance(value, dict) and "type" in value:
        return build(value, key)
    if isinstance(value, list):
        return [_argument(item, f"{key}[{n}]") for n, item in enumerate(value)]
    return value


def _did_you_mean(name: str) -> str:
    known = [each for registry in _REGISTRIES for each in registry.components_dict]
    match = nearest(name, known)
    return f"did you mean {match}?" if match else f"known are: {', '.join(manager.MODELS.components_dict)}"


def _line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or [type(error).__name__])[-1][:300]


def fill(network: Any, state: Mapping[str, NDArray[Any]]) -> None:
    """Give every parameter and buffer its value; raises InvalidInputError naming those that do not fit."""
    wanted = network.state_dict()
    problems = [
        *_named("has no value for", [name for name in wanted if name not in state]),
        *_named("holds what the network does not have:", [name for name in state if name not in wanted]),
        *_named(
            "holds other shapes or types than the network has:",
            [
                f"{name} ({_shape(state[name])}, not {_shape(value)})"
                for name, value in wanted.items()
                if name in state and _shape(state[name]) != _shape(value)
            ],
        ),
    ]
    if problems:
        raise InvalidInputError("; ".join(problems))
    for name, value in wanted.items():
        value.set_value(np.asarray(state[name], order="C"))


def _named(problem: str, names: Iterable[str]) -> list[str]:
    listed = list(names)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return [f"{problem} {', '.join(listed[:_SHOWN])}{more}"] if listed else []


def _shape(value: Any) -> str:
    dtype = str(value.dtype).removeprefix("paddle.")
    return f"{'x'.join(map(str, value.shape)) or 'scalar'} {dtype}"


def export(network: Any, request: Mapping[str, Any]) -> None:
    """Write model.pdmodel and model.pdiparams; raises _WrongConfigError where tracing the network fails."""
    batch, *others = request["inputShape"]
    shape = paddle.static.InputSpec([None if batch < 0 else batch, *others], "float32", _INPUT)
    exported = _Exported(network, request["outputOp"])
    exported.eval()
    into = Path(request["into"])
    try:
        paddle.jit.save(exported, str(into / "model"), [shape])
    except Exception as error:
        if is_exhaustion(error) or is_full(error):
            raise
        size = request["inputShape"]
        problem = f"model: the network cannot be exported for the input {size} ({_line(error)})"
        raise _WrongConfigError(exported.wrong or problem) from None
    (into / "model.pdiparams.info").unlink(missing_ok=True)  # a pickle that nothing reads
    _strip(into / "model.pdmodel")


def _strip(program: Path) -> None:
    """Take out the Python stacks that Paddle leaves in some operators: they hold paths of this machine."""
    from paddle.base.proto import framework_pb2

    description = framework_pb2.ProgramDesc.FromString(program.read_bytes())
    for operator in (operator for block in description.blocks for operator in block.ops):
        kept = [attribute for attribute in operator.attrs if attribute.name != _STACK]
        del operator.attrs[:]
        operator.attrs.extend(kept)
    program.write_bytes(description.SerializeToString(deterministic=True))


def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """Export what is asked for; return nothing, or what is wrong with which input."""
    try:
        with paddle.utils.unique_name.guard():  # names do not depend on what this process did before
            network = build(request["section"])
            fill(network, read_state(Path(request["weights"])))
            export(network, request)
    except _WrongConfigError as error:
        return {"wrong": "config", "problem": str(error)}
    except InvalidInputError as error:
        return {"wrong": "weights", "problem": str(error)}
    except Exception as error:
        if is_full(error):
            return {"wrong": "disk"}
        if not is_exhaustion(error):
            raise
        return {"wrong": "memory", "problem": f"the export of the network ran out of memory ({_line(error)})"}
    return {}


def main() -> None:
    """Answer the request on stdin."""
    paddle.set_device("cpu")
    request = json.load(sys.stdin)
    Path(request["answer"]).write_text(json.dumps(answer(request)))


if __name__ == "__main__":
    main()
