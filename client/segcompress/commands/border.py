"""Prints every error of a command as one line; exit code 0 is success, 1 anything else."""

import argparse
import sys

from segcompress.client import ClientError
from segcompress.commands import compare, fetch, list_jobs, logs, submit, wait
from segcompress_api.errors import printable
from segcompress_runner import pipes

FAILED = 1

_COMMANDS = {
    "submit": submit.run,
    "list": list_jobs.run,
    "wait": wait.run,
    "logs": logs.run,
    "fetch": fetch.run,
    "compare": compare.run,
}


def run(options: argparse.Namespace) -> int:
    """Run a command, and return its exit code."""
    try:
        return _COMMANDS[options.command](options)
    except ClientError as error:
        for line in str(error).splitlines():
            print(f"error: {printable(line)}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        pipes.let_go()
        return 0
