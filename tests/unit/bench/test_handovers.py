"""When hand-overs have created a Job twice, or none at all."""

from datetime import UTC, datetime

import pytest
from bench.handovers.__main__ import NAMESPACE, report

from devcluster.audit import Request

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def creation(name: str, code: int) -> Request:
    return Request("operator", "create", "jobs", "", NAMESPACE, name, code, NOW)


@pytest.mark.parametrize(
    ("asked", "unfinished", "expected"),
    [
        ([("a", 201), ("b", 201)], [], 0),
        ([("a", 201), ("a", 409), ("b", 504)], [], 0),
        ([("a", 201), ("a", 201), ("b", 201)], [], 1),
        ([("a", 201)], [], 1),
        ([("a", 201), ("b", 504)], ["b"], 1),
    ],
)
def test_the_exit_code_tells(asked: list[tuple[str, int]], unfinished: list[str], expected: int) -> None:
    requests = [creation(name, code) for name, code in asked]
    assert report(requests, [], 2, unfinished) == expected
