"""Fetch a folder's objects as a run does: `python -m bench.fetch.fetching BUCKET INTO`, names on stdin."""

import os
import sys
from pathlib import Path

from segcompress_runner.storage import Address, Named, S3Storage, settings_from


def main() -> None:
    """Look the objects up and fetch them; the store comes from the environment."""
    bucket, into = sys.argv[1:]
    folder, names = Address("s3", bucket, "data"), sys.stdin.read().split()
    storage = S3Storage(settings_from(os.environ))
    storage.fetch(folder, storage.stat(folder, [Named(name) for name in names]), Path(into), lambda _: None)


if __name__ == "__main__":
    main()
