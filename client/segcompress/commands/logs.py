"""`segcompress logs`."""

import argparse
import sys

from segcompress.commands.connecting import client_for
from segcompress_api.errors import printable


def run(options: argparse.Namespace) -> int:
    """Print the log as it comes."""
    for line in client_for(options).logs(options.name, follow=options.follow):
        print(printable(line) if sys.stdout.isatty() else line, flush=options.follow)
    return 0
