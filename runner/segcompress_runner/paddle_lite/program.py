# /// script
# requires-python = "==3.10.*"
# dependencies = ["numpy==1.26.4", "paddlelite==2.13rc0"]
# ///
"""Paddle-Lite's optimiser and its kernels for x86, in the interpreter that its wheel is built for.

Nothing imports this module: `interpreter` runs it by uv, which makes the environment that its first lines
describe, with the hashes in program.py.lock (`uv lock --script`). It knows the standard library, numpy and
paddlelite alone.

    program.py version                                prints Paddle-Lite's version
    program.py convert PROGRAM PARAMS FILE TARGET     writes FILE.nb for arm or x86, and FILE.json about it
    program.py serve FILE.nb                          answers each array on stdin with one on stdout

An array is its length in eight bytes, and that many bytes in numpy's own format.
"""

import io
import json
import os
import re
import struct
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

_LENGTH = struct.Struct("<Q")
_OPERATOR = re.compile(r'label="(\w+)" style="filled" fillcolor="yellow"')
"""An operator in the graph that the optimiser draws of a file."""


def _version() -> None:
    from paddlelite import lite

    sys.stdout.write(f"{lite.Opt().version()}\n")


def _convert(program: str, params: str, to: str, target: str) -> None:
    from paddlelite import lite

    optimiser = lite.Opt()
    optimiser.set_model_file(program)
    optimiser.set_param_file(params)
    optimiser.set_model_type("naive_buffer")
    optimiser.set_optimize_out(to)
    optimiser.set_valid_places(target)
    # Above 60 % zeros, the optimiser's own bound, a 1x1 convolution runs on sparse kernels; they are ARM's.
    optimiser.set_sparse_model(True)
    optimiser.run()
    operators = _operators(f"{to}.nb")
    told = {
        "sparse": operators.count("sparse_conv2d"),
        "convolutions": sum(name.endswith("conv2d") for name in operators),
    }
    Path(f"{to}.json").write_text(json.dumps(told))


def _operators(path: str) -> list[str]:
    from paddlelite import lite

    with tempfile.TemporaryDirectory() as folder:
        lite.Opt().visualize_optimized_nb_model(path, f"{folder}/")
        return [name for file in Path(folder).iterdir() for name in _OPERATOR.findall(file.read_text())]


def _serve(path: str) -> None:
    from paddlelite import lite

    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # native code prints there
    config = lite.MobileConfig()
    config.set_model_from_file(path)
    predictor = lite.create_paddle_predictor(config)
    while (x := _received(sys.stdin.buffer)) is not None:
        predictor.get_input(0).from_numpy(x)
        predictor.run()
        _send(replies, predictor.get_output(0).numpy())


def _received(stream: BinaryIO) -> Any:
    import numpy as np

    length = stream.read(_LENGTH.size)
    if not length:
        return None
    return np.load(io.BytesIO(stream.read(*_LENGTH.unpack(length))), allow_pickle=False)


def _send(stream: BinaryIO, array: Any) -> None:
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    stream.write(_LENGTH.pack(buffer.tell()))
    stream.write(buffer.getbuffer())
    stream.flush()


_COMMANDS: dict[str, Callable[..., None]] = {"version": _version, "convert": _convert, "serve": _serve}


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    _COMMANDS[command](*arguments)
