"""What `make mutate` makes of mutmut's results."""

import tomllib
from collections import Counter
from pathlib import Path

from mutation import by_package, scores, share, table, verdict

LINES = """
    pkg.planning.plan.x_one__mutmut_1: killed
    pkg.planning.plan.x_one__mutmut_2: survived
    pkg.planning.plan.xǁRefusalǁafter__mutmut_1: timeout
    pkg.planning.job.x_two__mutmut_1: no tests
    pkg.keys.x_three__mutmut_1: not checked
a line of something else
""".splitlines()


def test_outcomes_are_counted_by_module_and_package() -> None:
    modules = scores(LINES)
    assert modules == {
        "pkg.planning.plan": Counter(killed=1, survived=1, timeout=1),
        "pkg.planning.job": Counter({"no tests": 1}),
    }
    assert by_package(modules) == {
        "pkg.planning": Counter({"killed": 1, "survived": 1, "timeout": 1, "no tests": 1})
    }


def test_what_no_test_notices_lowers_the_share() -> None:
    assert share(Counter(killed=2, timeout=1, survived=1)) == 0.75
    assert share(Counter({"no tests": 1})) == 0.0


def test_table_names_the_share_and_what_got_away() -> None:
    assert table({"a.b": Counter(killed=3, survived=1)}) == "  75.0%     3 of    4  a.b  (1 survived)"


def test_a_package_below_the_bound_fails_by_name() -> None:
    assert verdict({"a": Counter(killed=85, survived=15)}) == ""
    assert verdict({"a": Counter(killed=84, survived=16), "b": Counter(killed=1)}).startswith("a: ")
    assert verdict({}).startswith("no package: ")


def test_every_file_that_the_settings_name_exists() -> None:
    root = Path(__file__).parents[3]
    settings = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["mutmut"]
    named = settings["pytest_add_cli_args_test_selection"]
    assert [path for path in named if not (root / path).is_file()] == []
    for pattern in settings["only_mutate"]:
        assert [*root.glob(pattern.replace("src/", "*/", 1))], pattern
