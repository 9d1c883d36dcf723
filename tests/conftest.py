"""What holds for every tier of tests: none may hang for ever."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent
SECONDS = {
    "unit": 120,
    "integration": 900,
    "e2e": 1500,
    "large": 1500,
    "upgrade": 900,
    "alerts": 300,
    "tools": 1800,
}
"""Far more than a test of the tier needs, its fixtures included: only so that a hanging one ends."""


def tier(path: Path) -> str:
    """Return the folder below `tests/` that a test lies in."""
    return path.relative_to(ROOT).parts[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test its tier's time limit, where it names none of its own."""
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(SECONDS[tier(item.path)]))
