"""How many threads maths libraries use, and with which kernels: set before they are imported and look."""

import os
from collections.abc import MutableMapping

from segcompress_api.contract import THREADS_VARIABLE
from segcompress_runner.processor import is_slow_in_mkl

_VARIABLES = ("MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "FLAGS_paddle_num_threads")
"""OMP_NUM_THREADS is not among them: Paddle warns of it, and sets its OpenMP threads by its own flag."""


_LOG_LEVEL = ("GLOG_minloglevel", "1")
"""Warnings: at 0 Paddle writes between our own lines that its executor runs."""

_AVX2 = ("MKL_DEBUG_CPU_TYPE", "5")
"""MKL 2019.0.5, which Paddle 2.6.2 carries, takes SSE on AMD's CPUs unless it is told (decision 42)."""


def set_threads(environment: MutableMapping[str, str]) -> int:
    """Tell the libraries the container's share of cores, or this machine's; return the number.

    Unless the environment says otherwise, Paddle logs warnings only, and MKL uses AVX2 where a CPU has it.
    """
    environment.setdefault(*_LOG_LEVEL)
    if is_slow_in_mkl():
        environment.setdefault(*_AVX2)
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
