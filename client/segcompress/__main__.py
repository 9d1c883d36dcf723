"""The entry point of `segcompress`: answers Ctrl-C while everything else is still being imported.

That takes seconds, and an import that is interrupted ends in a traceback, or in an error that says something
else. What needs no cluster is the runner's; the commands for a cluster are added to it.
"""

import io
import signal
import sys

from segcompress_runner import pipes
from segcompress_runner.extras import missing_extra
from segcompress_runner.interrupts import INTERRUPTED, Interrupt


def main() -> int:
    """Run what the command line asks for, and return the exit code."""
    interrupt = Interrupt()
    signal.signal(signal.SIGINT, interrupt)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal may know fewer letters than a log has
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        from segcompress.commands import add_commands
        from segcompress_runner import cli

        return pipes.flushed(cli.main(interrupt=interrupt, add_more=add_commands))
    except (Exception, KeyboardInterrupt) as error:
        if interrupt.came:
            print("error: stopped by Ctrl-C", file=sys.stderr)
            return INTERRUPTED
        if message := missing_extra(error, "".join(sys.argv[1:2])):
            print(f"error: {message}", file=sys.stderr)
            return 1
        raise


if __name__ == "__main__":
    sys.exit(main())
