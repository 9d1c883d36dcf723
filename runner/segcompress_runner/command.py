"""The entry point of `segcompress`: answers Ctrl-C while everything else is still being imported.

That takes seconds, and an import that is interrupted ends in a traceback, or in an error that says something
else.
"""

import signal
import sys
from types import FrameType

INTERRUPTED = 130
"""What shells expect of a program that Ctrl-C ended."""


class Interrupt:
    """A handler for SIGINT that raises KeyboardInterrupt, and remembers that it did."""

    def __init__(self) -> None:
        self.came = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """Raise KeyboardInterrupt."""
        self.came = True
        raise KeyboardInterrupt


def main() -> int:
    """Run what the command line asks for, and return the exit code."""
    interrupt = Interrupt()
    signal.signal(signal.SIGINT, interrupt)
    try:
        from segcompress_runner import cli

        return cli.main(interrupt=interrupt)
    except (Exception, KeyboardInterrupt):
        if not interrupt.came:
            raise
        print("error: stopped by Ctrl-C", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
