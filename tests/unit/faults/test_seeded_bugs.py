"""The planted bugs can be planted."""

from pathlib import Path

import pytest

from faults.campaign import Choice
from faults.fault import START, Fault, Kind
from faults.run import HARNESS_FAILED, Result
from faults.seeded_bugs import Bug, Search, bugs

FIRST = bugs()[0]


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


def ran(*problems: str) -> Result:
    return Result("success", Fault(Kind.DROP, START), struck=True, recovery_seconds=0.0, problems=problems)


@pytest.mark.parametrize(
    ("results", "without_a_fault", "found", "words"),
    [
        pytest.param([ran(), ran("another end: -x")], [], True, "another end: -x", id="found"),
        pytest.param([ran()], [], False, "**not found**", id="not found"),
        pytest.param([ran(f"{HARNESS_FAILED}KeyError")], [], False, "**not found**", id="the harness failed"),
        pytest.param(
            [ran("another end: -x")],
            ["a traceback in the operator's log: NameError"],
            False,
            "**broken without a fault**: a traceback in the operator's log: NameError",
            id="no fault is needed",
        ),
    ],
)
def test_bug_is_found_where_faults_alone_show_it(
    results: list[Result], without_a_fault: list[str], words: str, *, found: bool
) -> None:
    search = Search(FIRST, results, without_a_fault)
    assert search.is_found == found
    assert search.row().endswith(f"{words} |")
