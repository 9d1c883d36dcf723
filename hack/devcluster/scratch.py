"""Folders of control planes that are thrown away."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - so that etcd waits for no disk


def scratch_folder(purpose: str) -> TemporaryDirectory[str]:
    """Return a folder that a `with` statement removes, in memory where there is some."""
    place = _SHARED_MEMORY if _SHARED_MEMORY.is_dir() else None
    return TemporaryDirectory(prefix=f"{purpose}-", dir=place)
