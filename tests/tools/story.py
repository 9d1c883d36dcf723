"""What several runs or sweeps went through, step by step: a table of docs/kueue.md."""

import os
from itertools import takewhile
from typing import Protocol

from documents import ROOT
from integration.operator.api import eventually

PAGE = ROOT / "docs/kueue.md"
WRITE = "SEGCOMPRESS_WRITE_PAGE"


class Followed(Protocol):
    """A run or a sweep."""

    def standing(self) -> str:
        """Return how it stands now."""


def await_standing(followed: Followed, words: str) -> None:
    """Wait until it stands so."""
    try:
        eventually(lambda: followed.standing() == words, words)
    except AssertionError:
        raise AssertionError(f"never seen: {words}; last: {followed.standing()}") from None


class Story:
    """Steps, and how each of the runs or sweeps stood after it."""

    def __init__(self, *names: str) -> None:
        self._rows = [["after", *names]]
        self._followed: list[Followed] = []

    def step(self, what: str, *new: Followed) -> None:
        """Note how all stand now that are followed; `new` are from now on."""
        self._followed += new
        cells = [each.standing() for each in self._followed]
        self._rows.append([what, *cells, *[""] * (len(self._rows[0]) - 1 - len(cells))])

    def table(self) -> str:
        """Return the steps as a table of Markdown."""
        head, *rows = ["| " + " | ".join(row) + " |" for row in self._rows]
        return "\n".join([head, "|" + "---|" * len(self._rows[0]), *rows])

    def tell(self) -> None:
        """Fail where the page tells another story; write it there where the environment says so."""
        text = PAGE.read_text()
        since = text[text.index(self.table().splitlines()[0]) :].splitlines()
        told = "\n".join(takewhile(lambda line: line.startswith("|"), since))
        if os.environ.get(WRITE):
            PAGE.write_text(text.replace(told, self.table()))
        else:
            assert told == self.table(), f"docs/kueue.md: {WRITE}=1 writes its table"
