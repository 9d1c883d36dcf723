"""Where a command finds its cluster."""

import argparse

from segcompress.client import Client


def client_for(options: argparse.Namespace) -> Client:
    """Return a client for the context and namespace that the command line names."""
    return Client.from_environment(options.context, options.namespace)
