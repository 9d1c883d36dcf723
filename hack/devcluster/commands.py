"""Run a program of the machine and get its answer, or one clear error."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from devcluster.errors import DevclusterError

if TYPE_CHECKING:
    from collections.abc import Sequence


def run(argv: Sequence[str], *, fed: str | None = None) -> str:
    """Return what the program printed; raise with what it complained of where it failed."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False, input=fed)
    if done.returncode != 0:
        complaint = (done.stderr or done.stdout).strip() or f"exit code {done.returncode}"
        raise DevclusterError(f"`{' '.join(argv)}` failed: {complaint}")
    return done.stdout


def succeeds(argv: Sequence[str]) -> bool:
    """Say whether the program ends well."""
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0
