"""`segcompress submit`."""

import argparse

from segcompress.client import Client, ClientError, read_manifest
from segcompress.commands import wait


def run(client: Client, options: argparse.Namespace) -> int:
    """Create the job in the file, and follow it where that is asked for."""
    manifest = read_manifest(options.file)
    named = (manifest.get("metadata") or {}).get("namespace")
    if options.namespace and named and named != options.namespace:
        raise ClientError(f"{options.file}: names namespace {named}, but -n says {options.namespace}")
    job = client.submit(manifest)
    name, namespace = job.metadata.name, job.metadata.namespace
    print(f"submitted {name} to namespace {namespace}", flush=True)
    client.namespace = namespace
    return wait.follow(client, name, options.timeout) if options.wait else 0
