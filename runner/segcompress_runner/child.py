"""Work that may end its process, by abort() or for want of memory: done in a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def run_module(
    name: str,
    arguments: Sequence[str] = (),
    *,
    given: str | None = None,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a module as a program, with `given` on its stdin, and return how it ended and what it printed.

    It has a session of its own: Ctrl-C must stop the run, not make the work look impossible.
    """
    return subprocess.run(
        [sys.executable, "-m", name, *arguments],
        input=given,
        cwd=folder,
        start_new_session=True,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "ignore", **(environment or {})},
    )


def check_not_killed(ended: subprocess.CompletedProcess[str], what: str) -> None:
    """Raise MemoryError where the kernel killed the process that did `what`."""
    if ended.returncode == -signal.SIGKILL:
        raise MemoryError(f"{what} was killed, probably for lack of memory")


def crash(ended: subprocess.CompletedProcess[str]) -> str | None:
    """Return the name of the signal that ended a process, None where none did."""
    return signal.Signals(-ended.returncode).name if ended.returncode < 0 else None
