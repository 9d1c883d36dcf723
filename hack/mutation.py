"""Mutation testing of the pure decisions: change one place at a time, and tests must notice.

mutmut names a mutant by its path below src/, so that it runs on a copy in that layout. What it mutates and
which tests may notice are settings of mutmut in pyproject.toml.
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPY = ROOT / "build" / "mutation"
"""Where mutmut runs, and where its results stay."""

BOUND = 0.85
"""Share of a package's mutants that tests must notice."""

_SOURCES = ("crds/segcompress_api", "operator/segcompress_operator", "runner/segcompress_runner")
_NOTICED = ("killed", "timeout", "caught by type check")
_RESULT = re.compile(r"^\s*(?P<module>[\w.]+)\.(?P<mutant>xǁ?\S+): (?P<outcome>.+)$")

Score = Counter[str]


def scores(lines: Iterable[str]) -> dict[str, Score]:
    """Return how often each outcome stands in the lines of `mutmut results --all`, by module.

    Mutants that this run left out do not count.
    """
    found: dict[str, Score] = defaultdict(Counter)
    for match in filter(None, map(_RESULT.match, lines)):
        if match["outcome"] != "not checked":
            found[match["module"]][match["outcome"]] += 1
    return dict(found)


def share(score: Score) -> float:
    """Return the share of mutants that a test noticed; 0 where there are none."""
    return sum(score[outcome] for outcome in _NOTICED) / score.total() if score else 0.0


def by_package(modules: Mapping[str, Score]) -> dict[str, Score]:
    """Return the scores of the packages that hold the modules."""
    packages: dict[str, Score] = defaultdict(Counter)
    for module, score in modules.items():
        packages[module.rpartition(".")[0]].update(score)
    return dict(packages)


def table(rows: Mapping[str, Score]) -> str:
    """Return one line for each row: the share noticed, and the counts it is made of."""
    return "\n".join(_row(name, score) for name, score in sorted(rows.items()))


def _row(name: str, score: Score) -> str:
    noticed = sum(score[outcome] for outcome in _NOTICED)
    rest = ", ".join(f"{n} {outcome}" for outcome, n in sorted(score.items()) if outcome not in _NOTICED)
    return f"{share(score):7.1%}  {noticed:4} of {score.total():4}  {name}" + (f"  ({rest})" if rest else "")


def prepare() -> None:
    """Copy sources and tests to where mutmut looks for them; results for unchanged sources stay."""
    for source in _SOURCES:
        _copy(ROOT / source, COPY / "src" / Path(source).name)
    for folder in ("tests", "hack", "examples/sample"):
        _copy(ROOT / folder, COPY / folder)
    shutil.copy2(ROOT / "pyproject.toml", COPY)


def _copy(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "dataset"))


def _mutmut(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "mutmut", *arguments]


def verdict(packages: Mapping[str, Score]) -> str:
    """Return what keeps the run from being a success, "" where nothing does."""
    low = [name for name, score in packages.items() if share(score) < BOUND]
    if packages and not low:
        return ""
    where = ", ".join(sorted(low)) or "no package"
    return (
        f"{where}: tests must notice at least {BOUND:.0%} of the mutants; "
        f"`mutmut show NAME` in {COPY.relative_to(ROOT)} shows one"
    )


def main() -> int:
    """Run mutmut, print the scores, and fail where a package's is below the bound."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--processes", type=int, default=2, help="mutants that are tested at once")
    parser.add_argument("mutants", nargs="*", help="names of mutants, * matches any part; default: all")
    options = parser.parse_args()
    if not options.mutants:
        shutil.rmtree(COPY, ignore_errors=True)
    prepare()
    run = _mutmut("run", "--max-children", str(options.processes), *options.mutants)
    done = subprocess.run(run, cwd=COPY, check=False)
    if done.returncode:
        return done.returncode
    listing = _mutmut("results", "--all", "true")
    listed = subprocess.run(listing, cwd=COPY, check=True, capture_output=True, text=True)
    modules = scores(listed.stdout.splitlines())
    packages = by_package(modules)
    print(f"{table(modules)}\n\n{table(packages)}")
    problem = verdict(packages)
    if problem:
        sys.stderr.write(f"{problem}\n")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
