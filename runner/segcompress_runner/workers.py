"""Processes that compute what they are asked, one task after another.

They are forked from a server that has only imported what they need: in a fork of this process, a lock that
one of Paddle's threads held at that moment would stay locked for ever. Each has a connection of its own, so
that whichever side ends, the other one notices.
"""

import multiprocessing
import os
import pickle
import signal
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from typing import Any

from segcompress_runner.errors import RunError
from segcompress_runner.inputs.paddle_start import start_paddle

_NEEDED = [__name__, "segcompress_runner.inputs.dataset"]
"""What the server imports: Paddle and PaddleSeg, which takes seconds."""


_STOPS = (signal.SIGINT, signal.SIGTERM)

_LONGEST_FOLDER = 107 - len("/pymp-12345678/listener-12345678")
"""Bytes of the path of a folder in which multiprocessing can make a socket. Source: unix(7), sun_path."""

_SHORT_FOLDER = "/tmp"  # noqa: S108 - a folder that only we can read is made in it


def prepare() -> None:
    """Start what workers are forked from; it imports what they need while the caller does something else.

    Ctrl-C reaches every process of a terminal's group, and so does SIGTERM from `timeout`. The run answers
    them and ends its workers; server and workers inherit that both are blocked.
    """
    forkserver.set_forkserver_preload(_NEEDED)
    resource_tracker.ensure_running()  # The server's start would start it, and that unblocks both.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    try:
        with _folder_of_sockets():
            forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _folder_of_sockets() -> Iterator[None]:
    """Have sockets made in /tmp if TMPDIR is too long for the path of one; raises RuntimeError."""
    folder = tempfile.gettempdir()
    if len(os.fsencode(folder)) <= _LONGEST_FOLDER:
        yield
        return
    if not os.access(_SHORT_FOLDER, os.W_OK | os.X_OK):
        limit = f"must be at most {_LONGEST_FOLDER} bytes long, because {_SHORT_FOLDER} is not writable"
        raise RuntimeError(f"TMPDIR {limit}; got {folder}")
    tempfile.tempdir = _SHORT_FOLDER
    try:
        yield
    finally:
        tempfile.tempdir = folder


class Worker:
    """A process that answers each task with `compute(task)`; `does` says in errors what it is for.

    `compute` and the tasks are pickled. Tasks are asked and answered in turn.
    """

    def __init__(self, compute: Callable[[Any], Any], does: str) -> None:
        prepare()
        self._does = does
        context = multiprocessing.get_context("forkserver")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, compute), daemon=True)
        self._process.start()
        theirs.close()

    def ask(self, task: Any) -> None:
        """Have a task computed."""
        try:
            _send(self._connection, task)
        except OSError:
            raise self._ended() from None

    def answer(self) -> Any:
        """Wait for the answer, or raise what computing it raised; MemoryError where the process was killed.

        Arrays in it are read-only.
        """
        try:
            answer = _receive(self._connection)
        except (OSError, EOFError):
            raise self._ended() from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._connection.close()
        self._process.kill()
        self._process.join()

    def _ended(self) -> Exception:
        self._process.join()
        if self._process.exitcode == -signal.SIGKILL:
            return MemoryError(f"a process that {self._does} was killed")
        return RuntimeError(f"a process that {self._does} ended with exit code {self._process.exitcode}")


def _serve(connection: Connection, compute: Callable[[Any], Any]) -> None:
    """Answer until the other side is gone."""
    start_paddle(lambda: None)
    while True:
        try:
            _send(connection, _answer(compute, _receive(connection)))
        except (OSError, EOFError):
            return


def _answer(compute: Callable[[Any], Any], task: Any) -> Any:
    try:
        return compute(task)
    except RunError as error:
        return error
    except Exception as error:  # noqa: BLE001 - the other side raises it
        portable = _portable(error)
        portable.add_note(traceback.format_exc())
        return portable


def _portable(error: Exception) -> Exception:
    """Return an error as it is if pickle takes it there and back, else one that says the same."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    except Exception:  # noqa: BLE001 - whatever its class makes of it
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _send(connection: Connection, value: Any) -> None:
    """Send a value, the bytes of its arrays without a copy of them."""
    buffers: list[pickle.PickleBuffer] = []
    connection.send((pickle.dumps(value, protocol=5, buffer_callback=buffers.append), len(buffers)))
    for buffer in buffers:
        connection.send_bytes(buffer.raw())


def _receive(connection: Connection) -> Any:
    pickled, count = connection.recv()
    buffers = [connection.recv_bytes() for _ in range(count)]
    return pickle.loads(pickled, buffers=buffers)  # noqa: S301 - from our own process
