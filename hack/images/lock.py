"""One at a time: whoever builds or opens images in our storage holds the lock; others wait and say so."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from devcluster.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from images.settings import Settings


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Hold the lock of the cache folder; it ends with the process, however that ends."""
    settings.scratch.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(settings.lock, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with Progress("images: waiting for another build to end"):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
