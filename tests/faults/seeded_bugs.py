"""Do the invariants find bugs? Each patch in `seeded/` plants one in a copy of the operator, to be found.

    make test-seeded-bugs [BUG=03]

A patch begins with what it breaks, and names the scenarios and the kinds of faults that are to find it. The
reference is the operator as it is.
"""

import argparse
import asyncio
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from devcluster.controlplane import ControlPlane
from faults.__main__ import control_plane, folder
from faults.campaign import Campaign, Choice
from faults.operators import ROOT, Operators
from faults.plane import Plane
from faults.run import Runner
from faults.summary import Summary

PATCHES = Path(__file__).parent / "seeded"
_AT_ONCE = 12
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
            "--strip=1",
            f"--input={self.path}",
            f"--directory={code}",
        ]
        subprocess.run(command, check=True)
        return code


def bugs(pattern: str = "") -> list[Bug]:
    """Return all whose name the pattern finds."""
    return [_bug(path) for path in sorted(PATCHES.glob("*.patch")) if re.search(pattern, path.stem)]


def _bug(path: Path) -> Bug:
    head, _, _ = path.read_text().partition("\n--- ")
    fields = dict(re.findall(r"^(Scenario|Kind): (.+)$", head, re.MULTILINE))
    return Bug(path, head.partition("\n")[0], fields["Scenario"], fields["Kind"])


def main() -> int:
    """Look for every bug; return 1 where one was not found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--bug", default="", help="a pattern of names, such as '01|04'")
    chosen = bugs(parser.parse_args().bug)
    with folder() as there, control_plane(there) as control:
        found = asyncio.run(_look(control, there, chosen))
    print("| bug | runs | found by | for example |\n|---|---|---|---|")
    for bug, summary in zip(chosen, found, strict=True):
        shown = [each for each in summary.results if each.problems]
        example = (
            f"{shown[0].fault}: {shown[0].problems[0].splitlines()[0][:200]}" if shown else "**not found**"
        )
        print(f"| {bug.words} | {len(summary.results)} | {len(shown)} | {example} |")
    return 0 if all(any(each.problems for each in summary.results) for summary in found) else 1


async def _look(control: ControlPlane, folder: Path, chosen: Sequence[Bug]) -> list[Summary]:
    async with Operators.of() as operators, Plane.on(control) as plane:
        good = Runner(plane, operators, folder)

        async def look(bug: Bug) -> Summary:
            summary = Summary()
            async with Operators.of(bug.planted(folder)) as seeded:
                choice = Choice(bug.scenario, bug.kind)
                await Campaign(good, Runner(plane, seeded, folder), choice, _AT_ONCE).run(
                    summary, lambda: None
                )
            return summary

        return await asyncio.gather(*map(look, chosen))


if __name__ == "__main__":
    sys.exit(main())
