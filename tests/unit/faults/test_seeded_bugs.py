"""The planted bugs can be planted."""

from pathlib import Path

import pytest

from faults.campaign import Choice
from faults.seeded_bugs import Bug, bugs


def test_there_are_ten() -> None:
    assert len(bugs()) == 10


@pytest.mark.parametrize("bug", bugs(), ids=lambda bug: bug.name)
def test_patch_fits_the_operator_and_names_what_finds_it(bug: Bug, tmp_path: Path) -> None:
    code = bug.planted(tmp_path)
    assert (code / "operator/segcompress_operator/__main__.py").exists()
    choice = Choice(bug.scenario, bug.kind)
    assert choice.scenarios()
    assert choice.kinds()
    assert bug.words.endswith(".")
