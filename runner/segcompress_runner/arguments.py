"""Arguments of command lines, checked before anything is computed."""

import argparse
from pathlib import Path


def file_to_write(text: str) -> Path:
    """Return the path of a file to write; one that cannot be is refused before anything is computed."""
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a folder; it must be a file")
    nearest = next((parent for parent in path.parents if parent.exists()), path)
    if nearest.exists() and not nearest.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r}: {str(nearest)!r} is a file; it must be a folder")
    return path
