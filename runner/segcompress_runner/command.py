"""The entry point of `segcompress`: answers Ctrl-C while everything else is still being imported.

That takes seconds, and an import that is interrupted ends in a traceback, or in an error that says something
else.
"""

import signal
import sys

from segcompress_runner.interrupts import INTERRUPTED, Interrupt


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
