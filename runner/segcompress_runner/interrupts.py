"""Ctrl-C, as every command but `run` takes it; nothing is imported here that takes time."""

from types import FrameType

INTERRUPTED = 130
"""The exit code that shells expect of a program that Ctrl-C ended."""


class Interrupt:
    """A handler for SIGINT that raises KeyboardInterrupt, and remembers that it did."""

    def __init__(self) -> None:
        self.came = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """Raise KeyboardInterrupt."""
        self.came = True
        raise KeyboardInterrupt
