"""Arguments of command lines, checked before anything is computed."""

import argparse
from collections.abc import Iterable
from pathlib import Path


def file_to_write(text: str) -> Path:
    """Return the path of a file to write; one that cannot be is refused before anything is computed."""
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a folder; it must be a file")
    _check_folders(text, path.parents)
    return path


def folder_to_fill(text: str) -> Path:
    """Return the path of a folder to write into, which need not exist; a file is refused."""
    path = Path(text)
    if path.exists() and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a file; it must be a folder")
    _check_folders(text, path.parents)
    return path


def _check_folders(text: str, folders: Iterable[Path]) -> None:
    """Raise ArgumentTypeError if the first of `folders` that exists is none; `text` is the argument."""
    nearest = next((folder for folder in folders if folder.exists()), None)
    if nearest is not None and not nearest.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r}: {str(nearest)!r} is a file; it must be a folder")
