"""Do the invariants find bugs? Each patch in `seeded/` plants one in a copy of the operator, to be found.

    make test-seeded-bugs [BUG=03]

A patch begins with what it breaks, and names the scenarios and the kinds of faults that are to find it. The
reference is the operator as it is; without a fault the one with the bug must come to the same end, or else
the fault is not what shows it.
"""

import argparse
import asyncio
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from devcluster.controlplane import ControlPlane
from devcluster.scratch import scratch_folder
from faults.__main__ import control_plane
from faults.campaign import Campaign, Choice
from faults.end_state import difference
from faults.operators import ROOT, Operators
from faults.plane import Plane
from faults.run import Reference, Result, Runner
from faults.summary import Summary

PATCHES = Path(__file__).parent / "seeded"
_AT_ONCE = 12
_PATIENCE_SECONDS = 180.0
"""Many of these runs never come to their end."""

_CODE = ("crds", "operator")


@dataclass(frozen=True)
class Bug:
    """A patch, what it breaks, and which faults are to show it."""

    path: Path
    words: str
    scenario: str
    kind: str

    @property
    def name(self) -> str:
        """Its number and name."""
        return self.path.stem

    def planted(self, folder: Path) -> Path:
        """Return a copy of the operator's code with this bug; raises CalledProcessError for a misfit."""
        code = folder / self.name
        for name in _CODE:
            shutil.copytree(ROOT / name, code / name, ignore=shutil.ignore_patterns("__pycache__"))
        command = [
            "patch",
            "--quiet",
            "--forward",
            "--fuzz=0",
            "--strip=1",
            f"--input={self.path}",
            f"--directory={code}",
        ]
        subprocess.run(command, check=True)
        return code


def bugs(pattern: str = "") -> list[Bug]:
    """Return all whose name begins with what the pattern matches."""
    return [_bug(path) for path in sorted(PATCHES.glob("*.patch")) if re.match(pattern, path.stem)]


def _bug(path: Path) -> Bug:
    head, _, _ = path.read_text().partition("\n--- ")
    fields = dict(re.findall(r"^(Scenario|Kind): (.+)$", head, re.MULTILINE))
    return Bug(path, head.partition("\n")[0], fields["Scenario"], fields["Kind"])


@dataclass(frozen=True)
class Search:
    """What was seen of a bug: the runs with faults, and what is broken without any."""

    bug: Bug
    results: Sequence[Result]
    without_a_fault: Sequence[str]

    @property
    def broken(self) -> Sequence[Result]:
        """Return the runs that showed it."""
        return [each for each in self.results if each.is_broken]

    @property
    def is_found(self) -> bool:
        """Whether faults showed it, and nothing but faults."""
        return bool(self.broken) and not self.without_a_fault

    def row(self) -> str:
        """Return its row of the table."""
        example = "**not found**"
        if self.broken:
            example = f"{self.broken[0].fault}: {_first_line(self.broken[0].problems)}"
        if self.without_a_fault:
            example = f"**broken without a fault**: {_first_line(self.without_a_fault)}"
        return f"| {self.bug.words} | {len(self.results)} | {len(self.broken)} | {example} |"


def _first_line(problems: Sequence[str]) -> str:
    return problems[0].splitlines()[0][:200]


def main() -> int:
    """Look for every bug; return 1 where one was not found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--bug", default="", help="a pattern of names, such as '01|04'")
    chosen = bugs(parser.parse_args().bug)
    with scratch_folder("faults") as there, control_plane(Path(there)) as control:
        searches = asyncio.run(_search(control, Path(there), chosen))
    print("| bug | runs | found by | for example |\n|---|---|---|---|")
    print(*(each.row() for each in searches), sep="\n")
    return 0 if all(each.is_found for each in searches) else 1


async def _search(control: ControlPlane, folder: Path, chosen: Sequence[Bug]) -> list[Search]:
    async with Operators.of() as operators, Plane.on(control) as plane:
        good = Runner(plane, operators, folder)

        async def search(bug: Bug) -> Search:
            choice, summary = Choice(bug.scenario, bug.kind), Summary()
            async with Operators.of(bug.planted(folder)) as seeded:
                bad = Runner(plane, seeded, folder, _PATIENCE_SECONDS)
                await Campaign(good, bad, choice, _AT_ONCE).run(summary, lambda: None)
                alone = [await bad.reference(scenario) for scenario in choice.scenarios()]
            return Search(bug, summary.results, [*_differences(summary.references.values(), alone)])

        return await asyncio.gather(*map(search, chosen))


def _differences(good: Iterable[Reference], bad: Iterable[Reference]) -> Iterator[str]:
    """Yield what is wrong with runs without a fault: in themselves, or beside those of the good operator."""
    for reference, other in zip(good, bad, strict=True):
        yield from (*reference.problems, *other.problems)
        if reference.state != other.state:
            yield f"another end: {difference(reference.state, other.state)}"


if __name__ == "__main__":
    sys.exit(main())
