"""A place of its own for one training in Paddle's global state: mode, scope, programs, names, seed, flags.

Whatever ran before in the process cannot change a training here, and nothing of it stays behind: two
trainings with one seed in one process give equal weights.
"""

import contextlib
import io
import logging
from collections.abc import Iterator
from typing import Any

import paddle
from paddle.base import core

from segcompress_runner.compression.device import check_device, place_of

_FLAGS = {"FLAGS_cpu_deterministic": True}
_GPU_FLAGS = {"FLAGS_cudnn_deterministic": True, "FLAGS_embedding_deterministic": 1}
_LOUD = ("paddleslim", "paddle.")


@contextlib.contextmanager
def static_mode() -> Iterator[None]:
    """Build Paddle's static graphs inside, whatever mode the process is in, with names of their own."""
    was_dynamic = paddle.in_dynamic_mode()
    paddle.enable_static()
    try:
        with (
            paddle.static.program_guard(paddle.static.Program(), paddle.static.Program()),
            paddle.utils.unique_name.guard(),
        ):
            yield
    finally:
        if was_dynamic:
            paddle.disable_static()


@contextlib.contextmanager
def static_graph(*, device: str, threads: int, seed: int) -> Iterator[Any]:
    """Yield an executor in static mode, with empty scope and programs and everything seeded.

    Raises InvalidSettingError where `device` is GPU and there is none.
    """
    check_device(device)
    place = place_of(device)
    wanted = _FLAGS | (_GPU_FLAGS if device == "GPU" else {})
    flags = paddle.get_flags(list(wanted))
    paddle.set_flags(wanted)
    core.set_num_threads(threads)
    try:
        with static_mode(), paddle.static.scope_guard(paddle.static.Scope()):
            paddle.seed(seed)
            executor = paddle.static.Executor(place)
            yield executor
            executor.close()
    finally:
        paddle.set_flags(flags)


@contextlib.contextmanager
def without_prints() -> Iterator[None]:
    """Swallow what PaddleSlim and Paddle's passes print (configurations, progress bars, debug prints)."""
    for name in list(logging.root.manager.loggerDict):
        if name.startswith(_LOUD):
            logging.getLogger(name).setLevel(logging.ERROR)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
