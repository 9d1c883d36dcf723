"""docs/security.md says what tests/hostile holds, and tests/hostile holds enough."""

from hostile.inputs import THEMES as INPUTS
from hostile.page import PAGE, written
from hostile.resources import THEMES as RESOURCES

NAMES = [case.name for theme in (*RESOURCES, *INPUTS) for case in theme.cases]


def test_tables_are_those_of_today() -> None:
    assert PAGE.read_text() == written(PAGE.read_text()), "run `make security-page`"


def test_there_are_300_resources_with_names_of_their_own() -> None:
    assert sum(len(theme.cases) for theme in RESOURCES) >= 300
    assert len({*NAMES}) == len(NAMES)
