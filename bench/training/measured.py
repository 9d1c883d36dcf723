"""What a program prints, and what all of its processes take."""

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_PR_SET_CHILD_SUBREAPER = 36
"""prctl(2): what a descendant leaves behind becomes a child of this process, which can wait for it."""


@dataclass(frozen=True)
class Measured:
    """The JSON that a program printed last, its processes' CPU seconds, and the largest one's peak memory."""

    figures: dict[str, Any]
    cpu: float
    peak_mb: float


def run(command: Sequence[str]) -> Measured:
    """Run a program to its end, and whatever it started: a server of worker processes ends after it.

    This process must have no other children.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # The images hold compiled modules: neither side is to compile them each time.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=environment, text=True, **pipes) as process:
        printed = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    usages = [usage, *_left()]
    if process.returncode:
        sys.exit(f"{' '.join(command[2:])} ended with exit code {process.returncode}; run it to see why")
    return Measured(
        json.loads(printed.splitlines()[-1]),
        sum(one.ru_utime + one.ru_stime for one in usages),
        max(one.ru_maxrss for one in usages) / 1024,
    )


def _left() -> list[Any]:
    """Wait for all that a program left behind; return what each process took."""
    usages = []
    while True:
        try:
            usages.append(os.wait4(-1, 0)[2])
        except ChildProcessError:
            return usages
