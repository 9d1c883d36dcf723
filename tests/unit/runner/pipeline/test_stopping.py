import os
import signal

import pytest

from segcompress_runner.errors import PreemptedError
from segcompress_runner.progress import Silent, Stage
from segcompress_runner.stopping import StopFlag, Stoppable


def test_asked_run_stops_at_its_next_step() -> None:
    stop = StopFlag()
    progress = Stoppable(Silent(), stop)
    progress.start(Stage.FETCH)
    progress.step(1)
    stop.ask()
    with pytest.raises(PreemptedError):
        progress.step(2)
    with pytest.raises(PreemptedError):
        progress.start(Stage.VALIDATE)


def test_signal_asks_even_after_a_library_took_it() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    stop = StopFlag()
    try:
        stop.listen(signal.SIGUSR1)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        stop.listen_again()
        os.kill(os.getpid(), signal.SIGUSR1)
        assert stop()
        assert not stop.interrupted
    finally:
        signal.signal(signal.SIGUSR1, before)
