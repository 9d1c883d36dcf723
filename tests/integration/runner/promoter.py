"""Promotes in processes that a test can stop: each command from stdin runs in its own child process.

A command is JSON: result, to, name, and one of `wait` (say "ready" before the manifest is written, and go on
with the next line), `kill` (die before or after the storage's n-th call) or neither. The child says
"promoted", "promoted already" or the error; "killed" is said for it.
"""

import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from segcompress_runner.errors import RunError
from segcompress_runner.outputs.promotion import Attempt, promote
from segcompress_runner.outputs.published import find_published, result_address
from segcompress_runner.storage import Storage, local_stores

_CALLS = ("read_tagged", "stat", "fetch", "upload", "create", "replace")


class Watched:
    """A storage that calls `before` and `after` around each call."""

    def __init__(self, inner: Storage, before: Callable[[str], None], after: Callable[[str], None]) -> None:
        self._inner, self._before, self._after = inner, before, after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if name not in _CALLS:
            return method

        def call(*arguments: Any) -> Any:
            self._before(name)
            done = method(*arguments)
            self._after(name)
            return done

        return call


def _die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _Count:
    """Dies at the n-th call."""

    def __init__(self, at: int) -> None:
        self._left = at

    def __call__(self, _: str) -> None:
        self._left -= 1
        if self._left < 0:
            _die()


def _wait(name: str) -> None:
    if name in ("create", "replace"):
        print("ready", flush=True)
        sys.stdin.readline()


def _watched(storage: Storage, command: Mapping[str, Any]) -> Any:
    nothing: Callable[[str], None] = lambda _: None  # noqa: E731
    if command.get("wait"):
        return Watched(storage, _wait, nothing)
    if "kill" in command:
        count = _Count(command["kill"]["at"])
        sides = (count, nothing) if command["kill"]["side"] == "before" else (nothing, count)
        return Watched(storage, *sides)
    return storage


def _promote(command: Mapping[str, Any]) -> str:
    storage = local_stores(os.environ)
    published = find_published(storage, result_address(command["result"]))
    with tempfile.TemporaryDirectory() as work:
        attempt = Attempt(command["name"], datetime.now(UTC), Path(work))
        try:
            told = promote(_watched(storage, command), published, result_address(command["to"]), attempt)
        except RunError as error:
            return f"{type(error).__name__}: {error}"
    return "promoted already" if told.was_there else "promoted"


def main() -> None:
    """Serve commands until stdin ends."""
    for line in iter(sys.stdin.readline, ""):
        child = os.fork()
        if child == 0:
            print(_promote(json.loads(line)), flush=True)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            print("killed", flush=True)


if __name__ == "__main__":
    main()
