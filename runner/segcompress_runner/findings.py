"""What checks find wrong: raised one by one in a run, collected in `segcompress validate`.

A check that holds several independent ones takes an `Each`, a context for every one of them. In a run it is
`at_once`, so that the first fault ends the run; `Findings.each` notes the fault and lets the others go on.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Literal

from segcompress_api.conditions import Reason
from segcompress_api.errors import InvalidSpecError, one_line
from segcompress_runner.errors import InvalidRunError

Each = Callable[[], AbstractContextManager[None]]
Checks = Iterator[Callable[[], object]]
"""Checks that do not depend on one another."""

_SUBJECT = re.compile(r"(?:(.+?)(?:: | (?=does not exist)))?(.*)")
"""A message of this program: the field or file, a colon or a verb, and what is wrong with it."""

at_once: Each = nullcontext
"""Lets the first fault through."""

Level = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """One sentence about a field or a file; an error ends a run, with its reason."""

    level: Level
    where: str
    message: str
    reason: Reason | None = None

    def __str__(self) -> str:
        return (
            f"{self.level}: {self.where}: {self.message}" if self.where else f"{self.level}: {self.message}"
        )


class Findings:
    """Collects what checks find, in their order."""

    def __init__(self) -> None:
        self._found: list[Finding] = []

    def __iter__(self) -> Iterator[Finding]:
        return iter(dict.fromkeys(self._found))

    @property
    def invalid(self) -> bool:
        """Whether a run would end at one of them."""
        return any(finding.level == "error" for finding in self._found)

    @contextmanager
    def each(self) -> Iterator[None]:
        """Note the fault of one check; errors that are not of spec or inputs pass through."""
        try:
            yield
        except (InvalidSpecError, InvalidRunError) as error:
            self._found += [finding_of(error), *map(finding_of, getattr(error, "others", ()))]

    def add(self, others: Iterable[Finding]) -> None:
        """Take in what was collected elsewhere."""
        self._found += others

    def warn(self, where: str, message: str) -> None:
        """Note what a run accepts and a user should know."""
        self._found.append(Finding("warning", where, message))

    def note(self, where: str, message: str) -> None:
        """Note what was found to be so."""
        self._found.append(Finding("note", where, message))


def finding_of(error: InvalidSpecError | InvalidRunError) -> Finding:
    """Return an error as a finding; by convention its message begins with the field or file."""
    if isinstance(error, InvalidSpecError):
        message = f"{error.problem}; {error.remedy}" if error.remedy else error.problem
        return Finding("error", one_line(error.field), one_line(message), Reason.INVALID_SPEC)
    where, message = _SUBJECT.fullmatch(" ".join(str(error).split())).groups()  # type: ignore[union-attr]  # it matches all
    return Finding("error", where or "", message, error.reason)
