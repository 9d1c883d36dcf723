"""Say on the terminal what takes long and how far it is.

On a terminal the last line is rewritten; in a log a line appears now and then, so that a log stays short.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

LOG_INTERVAL_S = 20.0
TERMINAL_INTERVAL_S = 0.5


def clock_text(seconds: float) -> str:
    """Format a duration: 7s, 2m05s."""
    whole = int(seconds)
    return f"{whole}s" if whole < 60 else f"{whole // 60}m{whole % 60:02d}s"  # noqa: PLR2004 - seconds a minute


class Progress:
    """A step that shows its elapsed time until it ends: `with Progress("etcd", detail): ...`."""

    def __init__(self, title: str, detail: Callable[[], str] = lambda: "") -> None:
        self._title = title
        self._detail = detail
        self._ended = threading.Event()
        self._started = time.monotonic()
        self._terminal = sys.stderr.isatty()
        self._thread = threading.Thread(target=self._show, daemon=True)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self._started

    def __enter__(self) -> Self:
        self._write(self._line())
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        outcome = "done" if kind is None else "failed"
        self._write(f"{self._title}: {outcome} in {clock_text(self.elapsed_s)}", last=True)

    def _show(self) -> None:
        interval = TERMINAL_INTERVAL_S if self._terminal else LOG_INTERVAL_S
        while not self._ended.wait(interval):
            self._write(self._line())

    def _line(self) -> str:
        detail = self._detail()
        return f"{self._title}: {detail + ', ' if detail else ''}{clock_text(self.elapsed_s)}"

    def _write(self, line: str, *, last: bool = False) -> None:
        if self._terminal:
            sys.stderr.write(f"\r\033[K{line}{chr(10) if last else ''}")
        else:
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def say(line: str) -> None:
    """Write one line for the person who waits; standard output is kept for answers."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
