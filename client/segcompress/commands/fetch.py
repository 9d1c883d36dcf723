"""`segcompress fetch`."""

import argparse
from pathlib import Path

from segcompress.commands.connecting import client_for
from segcompress_api.errors import printable


def run(options: argparse.Namespace) -> int:
    """Print the path of each file that was fetched."""
    for path in client_for(options).fetch(options.name, options.output or Path(options.name), options.what):
        print(printable(str(path)))
    return 0
