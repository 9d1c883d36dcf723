"""What several runs went through, step by step: the table of docs/kueue.md."""

import os
from itertools import takewhile

from documents import ROOT
from tools.tenants import Run

PAGE = ROOT / "docs/kueue.md"
WRITE = "SEGCOMPRESS_WRITE_PAGE"


class Story:
    """Steps, and how each of the runs stood after it."""

    def __init__(self, *names: str) -> None:
        self._rows = [["after", *names]]
        self._runs: list[Run] = []

    def follow(self, *runs: Run) -> None:
        """Look at these runs too from now on."""
        self._runs += runs

    def step(self, what: str) -> None:
        """Note how the runs stand now."""
        cells = [_standing(run) for run in self._runs]
        self._rows.append([what, *cells, *[""] * (len(self._rows[0]) - 1 - len(cells))])

    def table(self) -> str:
        """Return the steps as a table of Markdown."""
        head, *rows = ["| " + " | ".join(row) + " |" for row in self._rows]
        return "\n".join([head, "|" + "---|" * len(self._rows[0]), *rows])

    def tell(self) -> None:
        """Fail where the page tells another story; write it there where the environment says so."""
        text = PAGE.read_text()
        told = "\n".join(
            takewhile(lambda line: line.startswith("|"), text[text.index("| after |") :].splitlines())
        )
        if os.environ.get(WRITE):
            PAGE.write_text(text.replace(told, self.table()))
        else:
            assert told == self.table(), f"docs/kueue.md: {WRITE}=1 writes its table"


def _standing(run: Run) -> str:
    _, preempted = run.attempts()
    phase = str(run.status()["phase"])
    return (
        f"{phase}, preempted"
        if preempted == 1
        else f"{phase}, preempted {preempted} times"
        if preempted
        else phase
    )
