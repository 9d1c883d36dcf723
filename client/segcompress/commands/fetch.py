"""`segcompress fetch`."""

import argparse
from pathlib import Path

from segcompress.client import Client


def run(client: Client, options: argparse.Namespace) -> int:
    """Print the path of each file that was fetched."""
    for path in client.fetch(options.name, options.output or Path(options.name), options.what):
        print(path)
    return 0
