"""A saved model in a scope of its own, in static mode only as long as it is looked at."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from segcompress_runner.inputs.model import ModelFiles


@dataclass(frozen=True)
class Loaded:
    """A program whose weights are in `scope`, and what runs it on the CPU."""

    program: Any
    scope: Any
    executor: Any


@contextmanager
def loaded(files: ModelFiles) -> Iterator[Loaded]:
    """Yield the model; none of Paddle's global state is touched."""
    import paddle

    was_dynamic = paddle.in_dynamic_mode()
    paddle.enable_static()
    scope = paddle.static.Scope()
    try:
        with paddle.static.scope_guard(scope):
            program = paddle.static.deserialize_program(files.program.read_bytes())
            executor = paddle.static.Executor(paddle.CPUPlace())
            paddle.static.deserialize_persistables(program, files.params.read_bytes(), executor)
            yield Loaded(program, scope, executor)
    finally:
        if was_dynamic:
            paddle.disable_static()
