"""Worker processes: what they are sent as a group, and the errors that they answer with."""

import os
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from segcompress_runner import workers
from segcompress_runner.workers import Worker

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


NEGATES = """
import operator, tempfile
from contextlib import closing
from segcompress_runner.workers import Worker
with closing(Worker(operator.neg, "negates")) as worker:
    worker.ask(1)
    print(worker.answer(), tempfile.gettempdir())
"""


@pytest.mark.parametrize("length", [75, 76, 200])
def test_tmpdir_may_be_longer_than_the_path_of_a_socket(length: int) -> None:
    with TemporaryDirectory(dir="/tmp") as short:  # pytest's own folders are longer
        folder = Path(short) / ("x" * (length - len(f"{short}/")))
        folder.mkdir()
        ended = subprocess.run(
            [sys.executable, "-c", NEGATES],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": ":".join(sys.path), "TMPDIR": str(folder)},
            check=False,
        )
        assert (ended.stdout, ended.stderr) == (f"-1 {folder}\n", "")
        assert list(folder.iterdir()) == []


def test_tmpdir_that_is_too_long_is_named_where_tmp_is_not_writable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/scratch/" + "x" * 67)
    monkeypatch.setattr(workers, "_SHORT_FOLDER", "/none")
    words = "TMPDIR must be at most 75 bytes long, because /none is not writable; got /scratch/xxx"
    with pytest.raises(RuntimeError, match=f"^{words}"), workers._folder_of_sockets():
        pass


class OddError(Exception):
    """One that pickle makes bytes of, and nothing of these."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(f"{words} ({code})")


def fail(_: None) -> None:
    raise OddError(7, "Out of memory")


def test_an_error_that_cannot_be_pickled_keeps_its_words() -> None:
    with closing(Worker(fail, "fails")) as worker:
        worker.ask(None)
        with pytest.raises(RuntimeError, match=r"^OddError: Out of memory \(7\)") as raised:
            worker.answer()
    assert "raise OddError" in raised.value.__notes__[0]
