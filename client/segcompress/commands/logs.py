"""`segcompress logs`."""

import argparse
import sys

from segcompress.client import Client
from segcompress_api.errors import printable


def run(client: Client, options: argparse.Namespace) -> int:
    """Print the log as it comes."""
    for line in client.logs(options.name, follow=options.follow):
        print(printable(line) if sys.stdout.isatty() else line, flush=options.follow)
    return 0
