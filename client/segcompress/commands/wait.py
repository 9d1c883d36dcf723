"""`segcompress wait`: a progress bar in a terminal, lines elsewhere; the outcome as one line."""

import argparse
import sys
from typing import Any

from rich.console import Console

from segcompress.client import outcome
from segcompress.client.resources import Resources
from segcompress.commands.connecting import client_for
from segcompress.commands.following import shown_on
from segcompress_api.errors import printable


def run(options: argparse.Namespace) -> int:
    """Wait for a job or sweep; return 0 if it succeeded."""
    client = client_for(options)
    return follow(client.sweeps if options.sweep else client, options.name, options.timeout)


def follow(resources: Resources[Any], name: str, timeout: float | None) -> int:
    """Show progress until it has finished, print how it ended, and return 0 if it succeeded."""
    with shown_on(Console(stderr=True)) as shown:
        found = resources.wait(name, timeout, shown.show)
    ended = outcome(found)
    if ended is None:
        raise AssertionError("what was waited for has finished")
    told = printable(f"{name}: {ended}")
    if ended.succeeded:
        print(told)
        return 0
    print(f"error: {told}", file=sys.stderr)
    return 1
