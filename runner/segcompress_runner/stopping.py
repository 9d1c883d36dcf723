"""A request to stop, honoured everywhere: at each step of a stage, and wherever somebody waits."""

import os
import signal
from types import FrameType

from segcompress_runner.errors import PreemptedError
from segcompress_runner.progress import Progress, Stage


class StopFlag:
    """Whether SIGTERM (or Ctrl-C) came."""

    def __init__(self) -> None:
        self._asked = False
        self._owner = os.getpid()
        self._signals: tuple[signal.Signals, ...] = ()
        self.interrupted = False
        """Whether it was Ctrl-C."""

    def __call__(self) -> bool:
        """Return whether it was asked."""
        return self._asked

    def ask(self) -> None:
        """Ask the run to stop at its next step."""
        self._asked = True

    def listen(self, *signals: signal.Signals) -> None:
        """Ask when one of `signals` arrives."""
        self._signals = signals
        self.listen_again()

    def listen_again(self) -> None:
        """Take the signals back from a library that took them (Paddle does when it is imported)."""
        for wanted in self._signals:
            signal.signal(wanted, self._heard)

    def _heard(self, number: int, _: FrameType | None) -> None:
        if os.getpid() == self._owner:
            self.interrupted = number == signal.SIGINT
            self.ask()
        elif number != signal.SIGINT:
            # A worker process inherits the handler, but must still die of the signal that ends workers.
            # Ctrl-C reaches it too: the run itself ends its workers then.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)


class Stoppable:
    """Progress that raises PreemptedError at the first step after the flag is set."""

    def __init__(self, progress: Progress, stop: StopFlag) -> None:
        self._progress = progress
        self._stop = stop

    def start(self, stage: Stage, total: int = 0) -> None:
        """Pass on, unless stopped."""
        self._heed()
        self._progress.start(stage, total)

    def step(self, done: int, **figures: float) -> None:
        """Pass on, unless stopped."""
        self._heed()
        self._progress.step(done, **figures)

    def note(self, message: str) -> None:
        """Pass on."""
        self._progress.note(message)

    def _heed(self) -> None:
        if self._stop():
            raise PreemptedError("stopped by SIGTERM")
