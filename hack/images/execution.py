"""Run one long command: its output goes to a log, its current step to the terminal, a failure to an error."""

from __future__ import annotations

import re
import subprocess
import time
from typing import TYPE_CHECKING

from devcluster.progress import Progress
from images.errors import ImagesError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

LAST_LINES = 15
STEP_WIDTH = 72
BUILDAH_STEP = re.compile(r"^\[(\d+/\d+)\] STEP (\d+/\d+): (.+)$")
BUILDKIT_STEP = re.compile(r"^#\d+ \[(.+?)\] (?!DONE|CACHED)(.+)$")
VERBS = "Downloading|Retrieving|Unpacking|Extracting|Configuring|Installing|Prepared|Installed|Compiling"
NOTES = re.compile(rf"^(?:#\d+ [\d.]+ )?\s*(?:I: )?((?:{VERBS}) .+)$")
MOUNTS = re.compile(r"--mount=\S+\s+")


def step_of(line: str) -> str | None:
    """Return what a line of a builder's output says about how far it is, or None."""
    text = line.rstrip()
    if buildah := BUILDAH_STEP.match(text):
        said = f"stage {buildah[1]}, step {buildah[2]}: {MOUNTS.sub('', buildah[3])}"
    elif buildkit := BUILDKIT_STEP.match(text):
        said = f"{buildkit[1]}: {MOUNTS.sub('', buildkit[2])}"
    elif note := NOTES.match(text):
        said = note[1]
    else:
        return None
    return said if len(said) <= STEP_WIDTH else f"{said[:STEP_WIDTH]}…"


def execute(title: str, command: Sequence[str], log: Path, detail: Callable[[], str] | None = None) -> float:
    """Run a command to its end and return the seconds it took; raise ImagesError with its last lines."""
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    step = ""
    with Progress(title, detail or (lambda: step)), log.open("w", encoding="utf-8") as record:
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            for line in process.stdout or ():
                record.write(line)
                step = step_of(line) or step
        if process.returncode != 0:
            record.flush()
            raise ImagesError(failure(title, process.returncode, log))
    return time.monotonic() - started


def failure(title: str, code: int, log: Path) -> str:
    """Return the message for a failed command, with the end of its log."""
    lines = log.read_text(encoding="utf-8").splitlines()[-LAST_LINES:]
    return "\n".join((f"{title} failed (exit code {code}); its last lines, all of them in {log}:", *lines))
