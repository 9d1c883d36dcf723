"""A test that hangs ends, in each tier."""

from pathlib import Path

import pytest

from conftest import ROOT, SECONDS, tier


def test_each_tier_has_a_limit() -> None:
    folders = {path.name for path in ROOT.iterdir() if any(path.rglob("test_*.py"))}
    assert folders == set(SECONDS)


def test_this_test_has_its_tiers_limit(request: pytest.FixtureRequest) -> None:
    marker = request.node.get_closest_marker("timeout")
    assert marker is not None
    assert marker.args == (SECONDS["unit"],)
    assert tier(Path(__file__)) == "unit"
