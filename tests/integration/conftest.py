"""The order of the files: each is one worker's, so those that take longest go first.

Tests of the operator wait most of their time, and those of the runner compute: they alternate.
"""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent
LONGEST = (
    "docs/test_readme.py",
    "operator/test_lifecycle.py",
    "runner/test_refusals.py",
    "operator/test_watching.py",
    "runner/test_runs.py",
    "operator/test_leader.py",
    "runner/test_refused_inputs.py",
    "operator/test_restarts.py",
    "runner/test_reuse.py",
    "operator/test_waiting.py",
    "operator/test_requests.py",
    "runner/test_networks.py",
    "operator/test_sweeps.py",
    "runner/compression/test_loop.py",
    "operator/test_retries.py",
    "runner/compression/test_quick_teacher.py",
    "operator/test_uninstall.py",
    "runner/test_walkthrough.py",
    "operator/test_faults.py",
    "runner/compression/test_shares.py",
    "operator/reports/test_progress.py",
    "runner/measurement/test_exhausted.py",
    "operator/test_rights.py",
    "runner/measurement/test_cityscapes.py",
    "operator/test_storage_version.py",
    "runner/compression/test_quantised.py",
)
RANK = {ROOT / file: rank for rank, file in enumerate(LONGEST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; the others keep their order."""
    items.sort(key=lambda item: RANK.get(item.path, len(RANK)))
