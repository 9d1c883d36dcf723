"""How many threads the maths libraries use, set before they are imported: they look only then."""

import os
from collections.abc import MutableMapping

from segcompress_api.contract import THREADS_VARIABLE

_VARIABLES = ("MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "FLAGS_paddle_num_threads")
"""OMP_NUM_THREADS is not among them: Paddle warns of it, and sets its OpenMP threads by its own flag."""


_LOG_LEVEL = ("GLOG_minloglevel", "1")
"""Warnings: at 0 Paddle writes between our own lines that its executor runs."""


def set_threads(environment: MutableMapping[str, str]) -> int:
    """Tell the libraries the container's share of cores, or this machine's; return the number.

    Paddle logs warnings only, unless the environment says otherwise.
    """
    environment.setdefault(*_LOG_LEVEL)
    threads = _asked(environment.get(THREADS_VARIABLE, "")) or _cores()
    for variable in _VARIABLES:
        environment[variable] = str(threads)
    return threads


def _asked(value: str) -> int:
    return int(value) if value.isdigit() else 0


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
