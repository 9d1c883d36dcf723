"""`segcompress logs`."""

import argparse

from segcompress.client import Client


def run(client: Client, options: argparse.Namespace) -> int:
    """Print the log as it comes."""
    for line in client.logs(options.name, follow=options.follow):
        print(line, flush=options.follow)
    return 0
