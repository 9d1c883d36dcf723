"""The object store's credentials, moved out of the environment before anything foreign is loaded.

A model's operators run inside Paddle, and worker processes inherit what the environment holds. Afterwards
neither this process's environment, nor the block that the kernel shows as /proc/PID/environ, nor a child has
them. The storage client still holds them in this process's memory, which a forked worker shares: that is why
operators are checked before they run (`inputs.operators`).
"""

import ctypes
import os
from collections.abc import Collection, MutableMapping
from pathlib import Path

from segcompress_api.contract import OPTIONAL_SECRET_KEYS, SECRET_KEYS
from segcompress_runner.storage.settings import CA_VARIABLE

VARIABLES = (*SECRET_KEYS.values(), *OPTIONAL_SECRET_KEYS.values(), CA_VARIABLE)
_STAT = Path("/proc/self/stat")
_ENV_START = 47
"""Index of env_start among the fields that follow the program's name in /proc/self/stat (proc(5))."""


def take_credentials(environment: MutableMapping[str, str]) -> dict[str, str]:
    """Return the variables that `settings_from` reads, and remove them from `environment`."""
    taken = {name: environment.pop(name) for name in VARIABLES if name in environment}
    if environment is os.environ:
        _erase(taken)
    return taken


def _erase(names: Collection[str]) -> None:
    """Overwrite the variables in the memory laid out at exec, which unsetenv leaves as it was.

    Linux alone says where that is; elsewhere `segcompress run` leaves it, which only its own user can read.
    """
    if not _STAT.exists():
        return
    fields = _STAT.read_text().rpartition(") ")[2].split()
    start, end = int(fields[_ENV_START]), int(fields[_ENV_START + 1])
    position = start
    for entry in ctypes.string_at(start, end - start).split(b"\0"):
        if os.fsdecode(entry.partition(b"=")[0]) in names:
            ctypes.memset(position, 0, len(entry))
        position += len(entry) + 1
