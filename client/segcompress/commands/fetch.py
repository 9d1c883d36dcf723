"""`segcompress fetch`."""

import argparse
from pathlib import Path

from segcompress.client import Client
from segcompress_api.errors import printable


def run(client: Client, options: argparse.Namespace) -> int:
    """Print the path of each file that was fetched."""
    for path in client.fetch(options.name, options.output or Path(options.name), options.what):
        print(printable(str(path)))
    return 0
