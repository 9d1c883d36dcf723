"""Worker processes, whatever is sent to the group of processes that they belong to."""

import os
import subprocess
import sys

import pytest

ASKS = """
import operator, os, signal, sys
from contextlib import closing
from segcompress_runner.stopping import StopFlag
from segcompress_runner.workers import Worker, prepare
stop, number = StopFlag(), signal.Signals[sys.argv[1]]
stop.listen(number)
prepare()
os.killpg(0, number)
with closing(Worker(operator.neg, "negates")) as worker:
    os.killpg(0, number)
    worker.ask(1)
    print(worker.answer())
    os.killpg(0, number)
    worker.ask(2)
    print(worker.answer(), stop())
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_to_all_processes_of_a_run_is_the_runs_own_to_answer(name: str) -> None:
    """As a terminal sends Ctrl-C, and `timeout` SIGTERM."""
    ended = subprocess.run(
        [sys.executable, "-c", ASKS, name],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
        start_new_session=True,
        check=False,
    )
    assert (ended.stdout, ended.stderr) == ("-1\n-2 True\n", "")
