"""A .nb file on Paddle-Lite's kernels for x86, in a process that may crash without the caller."""

import io
import signal
import struct
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from segcompress_runner.errors import InvalidInputError
from segcompress_runner.paddle_lite.interpreter import Interpreter, complaint

_LENGTH = struct.Struct("<Q")


class LiteSession:
    """Answers pictures as long as it is entered; raises InvalidInputError where the process ends before."""

    precision = "f32"

    batch = 1
    """As a phone runs it."""

    def __init__(self, path: Path, interpreter: Interpreter) -> None:
        self._name = path.name
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed on leaving
        self._process = interpreter.start("serve", str(path.resolve()), errors=self._errors)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()  # it ends with its stdin
        self._errors.close()

    def run(self, x: NDArray[np.float32]) -> NDArray[Any]:
        """Return the model's output for x (1 x 3 x H x W)."""
        buffer = io.BytesIO()
        np.save(buffer, x, allow_pickle=False)
        feed, answers = self._process.stdin, self._process.stdout
        assert feed is not None and answers is not None  # noqa: PT018, S101 - they are pipes
        try:
            feed.write(_LENGTH.pack(buffer.tell()) + buffer.getvalue())
            feed.flush()
        except BrokenPipeError:
            raise self._ended() from None
        length = answers.read(_LENGTH.size)
        if len(length) < _LENGTH.size:
            raise self._ended()
        output: NDArray[Any] = np.load(io.BytesIO(answers.read(*_LENGTH.unpack(length))), allow_pickle=False)
        return output

    def _ended(self) -> InvalidInputError:
        code = self._process.wait()
        self._errors.seek(0)
        cause = complaint(self._errors.read().decode(errors="replace")) or _crash(code)
        return InvalidInputError(f"{self._name}: does not run on Paddle-Lite's kernels for x86 ({cause})")


def _crash(code: int) -> str:
    """Return what an exit code says; uv, as a shell does, adds 128 to the number of a signal."""
    return signal.Signals(code - 128).name if code > 128 else f"exit code {code}"  # noqa: PLR2004
