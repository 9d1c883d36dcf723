"""`segcompress wait`: a bar at a terminal, a line for each step of the way elsewhere; the end as one line."""

import argparse
import sys

from rich.console import Console

from segcompress.client import Client, outcome
from segcompress.commands.following import shown_on


def run(client: Client, options: argparse.Namespace) -> int:
    """Follow a job; 0 where it succeeded."""
    return follow(client, options.name, options.timeout)


def follow(client: Client, name: str, timeout: float | None) -> int:
    """Show how far a job is until it has finished, say how it ended, and return 0 where it succeeded."""
    with shown_on(Console(stderr=True)) as shown:
        job = client.wait(name, timeout, shown.show)
    ended = outcome(job)
    if ended is None:
        raise AssertionError("a job that was waited for has finished")
    if ended.succeeded:
        print(f"{name}: {ended}")
        return 0
    print(f"error: {name}: {ended}", file=sys.stderr)
    return 1
