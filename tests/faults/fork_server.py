"""Starts operators by forking a process that has imported the program: 2,000 imports would take an hour.

    python -m faults.fork_server

Each line of standard input is a JSON object {"folder": ..., "namespace": ..., "lease": ..., "clock": ...};
the answer is the process id of an operator that runs in that folder for that namespace, with the file
`kubeconfig` there and its log in `operator.log`. Its clock is ahead by `clock` seconds. All end with this
process.
"""

import ctypes
import json
import os
import random
import signal
import sys
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

from segcompress_operator import __main__ as program

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Fork until standard input ends."""
    _die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    while line := sys.stdin.readline():
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _operate(order)
        print(child, flush=True)  # noqa: T201 - the answer


def _operate(order: dict[str, Any]) -> NoReturn:
    """Be an operator; never return into the loop."""
    code = 1
    try:
        _die_with_parent()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.chdir(order["folder"])
        os.environ["SEGCOMPRESS_NAMESPACES"] = order["namespace"]
        os.environ["SEGCOMPRESS_LEASE"] = order["lease"]
        ahead = timedelta(seconds=order["clock"])
        program._now = lambda: datetime.now(UTC) + ahead
        with Path("operator.log").open("ab") as log:
            os.dup2(log.fileno(), sys.stdout.fileno())
            os.dup2(log.fileno(), sys.stderr.fileno())
        random.seed()  # siblings would draw the same jitter
        code = program.main()
    except BaseException:  # noqa: BLE001 - the loop above belongs to the parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _die_with_parent() -> None:
    """Be killed when the process that started this one ends, whatever ends it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
