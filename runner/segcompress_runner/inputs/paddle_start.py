"""The one place at which a run first imports Paddle: seconds of work, and a change of signal handlers."""

import warnings
from collections.abc import Callable


def start_paddle(take_signals_back: Callable[[], None]) -> None:
    """Import Paddle and undo its signal handlers, which print C++ stacks and end the process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import paddle

    paddle.disable_signal_handler()
    take_signals_back()
