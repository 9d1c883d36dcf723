"""`segcompress compare`."""

import argparse
import sys

from segcompress.client import Client, Comparison, compare
from segcompress.client.comparison import caution, table
from segcompress.commands.columns import print_columns
from segcompress.commands.connecting import client_for
from segcompress_api.errors import printable


def run(options: argparse.Namespace) -> int:
    """Print one line per job, and a warning if latencies cannot be compared."""
    compared = _compared(client_for(options), options)
    header, *rows = table(compared)
    print_columns(header, rows)
    if warning := caution(compared):
        print(f"note: {printable(warning)}", file=sys.stderr)
    return 0


def _compared(client: Client, options: argparse.Namespace) -> tuple[Comparison, ...]:
    if options.sweep is None:
        return client.compare(*options.names)
    return compare(client.trials(options.sweep))
