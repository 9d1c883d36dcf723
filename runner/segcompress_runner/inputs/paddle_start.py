"""The one place at which a run first imports Paddle: seconds of work, and a change of signal handlers."""

import faulthandler
import warnings
from collections.abc import Callable

_STDERR = 2


def start_paddle(take_signals_back: Callable[[], None]) -> None:
    """Import Paddle and undo its signal handlers.

    They print C++ stacks, which allocates memory: a process that crashes while it allocates some waits for
    itself for ever. Python's own handlers (faulthandler) do not.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import paddle

    paddle.disable_signal_handler()
    faulthandler.disable()  # It counts as enabled, but Paddle had replaced its handlers.
    faulthandler.enable(_STDERR)
    take_signals_back()
