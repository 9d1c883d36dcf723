"""A request to stop, checked at each step of a stage and wherever the run waits."""

import os
import signal
from types import FrameType

from segcompress_runner.errors import PreemptedError
from segcompress_runner.progress import Progress, Stage


class StopFlag:
    """Whether SIGTERM (or Ctrl-C) was received."""

    def __init__(self) -> None:
        self._asked = False
        self._owner = os.getpid()
        self._signals: tuple[signal.Signals, ...] = ()
        self.interrupted = False
        """Whether the signal was Ctrl-C."""

    def __call__(self) -> bool:
        """Return whether a stop was requested."""
        return self._asked

    def ask(self) -> None:
        """Request the run to stop at its next step."""
        self._asked = True

    def listen(self, *signals: signal.Signals) -> None:
        """Request a stop when one of `signals` is received."""
        self._signals = signals
        self.listen_again()

    def listen_again(self) -> None:
        """Install the handlers again after a library has replaced them (importing Paddle does)."""
        for wanted in self._signals:
            signal.signal(wanted, self._on_signal)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if os.getpid() == self._owner:
            self.interrupted = number == signal.SIGINT
            self.ask()
        elif number != signal.SIGINT:
            # A worker process inherits the handler, but the signal must still end it.
            # Ctrl-C reaches workers too, but the run itself ends them then.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)


class Stoppable:
    """Progress that raises PreemptedError at the first step after the flag is set."""

    def __init__(self, progress: Progress, stop: StopFlag) -> None:
        self._progress = progress
        self._stop = stop

    def start(self, stage: Stage, total: int = 0) -> None:
        """Report the start of a stage; raise PreemptedError if a stop was requested."""
        self._raise_if_stopped()
        self._progress.start(stage, total)

    def step(self, done: int, **figures: float) -> None:
        """Report a step; raise PreemptedError if a stop was requested."""
        self._raise_if_stopped()
        self._progress.step(done, **figures)

    def note(self, message: str) -> None:
        """Report a message."""
        self._progress.note(message)

    def _raise_if_stopped(self) -> None:
        if self._stop():
            raise PreemptedError("stopped by SIGTERM")
