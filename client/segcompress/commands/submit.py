"""`segcompress submit`."""

import argparse

from segcompress.client import ClientError, read_manifest
from segcompress.client.kinds import SWEEPS
from segcompress.commands import wait
from segcompress.commands.connecting import client_for


def run(options: argparse.Namespace) -> int:
    """Create the resource in the file, and wait for it if asked.

    The file is read first: what is wrong with it needs no cluster.
    """
    manifest = read_manifest(options.file)
    named = (manifest.get("metadata") or {}).get("namespace")
    if options.namespace and named and named != options.namespace:
        raise ClientError(f"{options.file}: sets namespace {named}, but -n is {options.namespace}")
    client = client_for(options)
    resources = client.sweeps if manifest["kind"] == SWEEPS.name else client
    made = resources.submit(manifest)
    name, resources.namespace = made.metadata.name, made.metadata.namespace
    print(f"submitted {name} to namespace {made.metadata.namespace}", flush=True)
    return wait.follow(resources, name, options.timeout) if options.wait else 0
