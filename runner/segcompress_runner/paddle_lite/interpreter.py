"""The interpreter that Paddle-Lite's wheel needs: found or fetched by uv, with an environment of its own.

The wheel is built for Python 3.10, which the runner cannot use; so this is a step of the command line and not
of an image. uv keeps the environment in its cache, and checks each file against program.py.lock.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from segcompress_runner.errors import InvalidSettingError

PROGRAM = Path(__file__).with_name("program.py")
_ERROR_MARKS = ("Error:", "Check failed")
_LONGEST = 300


class Interpreter:
    """Runs `program`; `python` is what uv takes as --python, None for any 3.10."""

    def __init__(self, python: str | None = None) -> None:
        self._python = python

    def version(self) -> str:
        """Make the environment where there is none yet, and return Paddle-Lite's version.

        Raises InvalidSettingError where uv, Python 3.10 or the wheel is missing.
        """
        ended = self.run("version")
        if ended.returncode:
            cause = " ".join(ended.stderr.split()).removeprefix("error: ")[:_LONGEST]
            raise InvalidSettingError(
                f"--format paddle-lite: Paddle-Lite's environment could not be made ({cause}); it needs "
                "Python 3.10, which --python can name"
            )
        return ended.stdout.strip()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of the program's commands to its end."""
        return subprocess.run(
            self._command(arguments),
            env=_environment(),
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )

    def start(self, *arguments: str, errors: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start one of the program's commands, with pipes to its stdin and stdout."""
        return subprocess.Popen(
            self._command(arguments),
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )

    def _command(self, arguments: Sequence[str]) -> list[str]:
        python = () if self._python is None else ("--python", self._python)
        return [_uv(), "run", "--quiet", "--frozen", *python, "--script", str(PROGRAM), *arguments]


def _uv() -> str:
    """Return the path of uv: beside this interpreter, where `make install` leaves it, or on PATH."""
    places = (str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))
    found = shutil.which("uv", path=os.pathsep.join(places))
    if found is None:
        raise InvalidSettingError(
            "--format paddle-lite: uv is missing, which runs Paddle-Lite in a Python 3.10 of its own; "
            "install it (pip install uv)"
        )
    return found


def _environment() -> dict[str, str]:
    # A python3.10 of pyenv's answers only where this names it; nothing else reads it.
    return {"PYENV_VERSION": "3.10", **os.environ}


def complaint(output: str) -> str:
    """Return the first line in which Paddle-Lite says what it minds, else its last; empty if none."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if any(mark in line for mark in _ERROR_MARKS)]
    return (errors or lines[-1:] or [""])[0].removeprefix("Error: ").rstrip(".,")[:_LONGEST]
