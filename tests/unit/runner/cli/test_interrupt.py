"""Ctrl-C ends every command with one line and exit code 130, whenever it comes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "segcompress"]
STOPPED = (130, "", "error: stopped by Ctrl-C\n")
VALIDATE = ("validate", "job.yaml", "--spec-only")
REPORT = ("report", "out")
EXPORT = ("export", "--format", "paddle-lite", "out", "-o", "model.nb")

INTERRUPTED = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
"""A package whose import Ctrl-C interrupts."""

NATIVE = """\
try:
    import os, signal, time
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(9)
except KeyboardInterrupt:
    raise ImportError("initialization failed") from None
"""
"""One that makes an error of its own of it, as Paddle's library does."""


def interrupted_by(package: str, content: str, folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Return how a command ends that imports a package of this content."""
    (folder / f"{package}.py").write_text(content)
    path = os.pathsep.join([str(folder), *sys.path])
    ended = subprocess.run(
        [*COMMAND, *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
    )
    return ended.returncode, ended.stdout, ended.stderr


@pytest.mark.parametrize("arguments", [VALIDATE, REPORT, EXPORT], ids=lambda given: given[0])
@pytest.mark.parametrize("content", [INTERRUPTED, NATIVE], ids=["python", "native"])
def test_import_is_interrupted(tmp_path: Path, arguments: tuple[str, ...], content: str) -> None:
    assert interrupted_by("minio", content, tmp_path, *arguments) == STOPPED


@pytest.mark.parametrize("content", [INTERRUPTED, NATIVE], ids=["python", "native"])
def test_import_of_a_command_at_work_is_interrupted(tmp_path: Path, content: str) -> None:
    assert interrupted_by("rich", content, tmp_path, *REPORT) == STOPPED


def test_command_at_work_is_interrupted(tmp_path: Path) -> None:
    """It reads a job that nobody writes."""
    os.mkfifo(tmp_path / "job.yaml")
    running = subprocess.Popen(
        [*COMMAND, *VALIDATE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    with (tmp_path / "job.yaml").open("wb"):  # opens once the other end does
        running.send_signal(signal.SIGINT)
        out, err = running.communicate()
    assert (running.returncode, out, err) == STOPPED
