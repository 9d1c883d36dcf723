"""The order of the files: each is one worker's, so those that take longest go first."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent
LONGEST = (
    "docs/test_readme.py",
    "runner/compression/test_checks.py",
    "runner/test_reuse.py",
    "runner/test_runs.py",
    "runner/compression/test_loop.py",
    "runner/test_refusals.py",
    "operator/test_endings.py",
    "operator/test_lifecycle.py",
    "operator/test_leader.py",
)
RANK = {ROOT / file: rank for rank, file in enumerate(LONGEST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; the others keep their order."""
    items.sort(key=lambda item: RANK.get(item.path, len(RANK)))
