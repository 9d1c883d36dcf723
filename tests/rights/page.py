"""The table of rights in docs/security.md: each verb, and what fails without it."""

from collections.abc import Iterable
from pathlib import Path

from rights.rights import Right
from rights.scenarios import SCENARIOS
from rights.trial import Verdict

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
_BEGIN, _END = "<!-- rights: `make test-rights` -->\n", "<!-- end of rights -->\n"
_ALL = "everything"


def written(page: str, verdicts: Iterable[Verdict]) -> str:
    """Return the page with the table of these verdicts."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    rows = [_row(verdict) for verdict in verdicts if verdict.right is not None]
    table = "\n".join(["| verb | on | what fails without it |", "|---|---|---|", *rows])
    return f"{before}{_BEGIN}{table}\n{_END}{after}"


def _row(verdict: Verdict) -> str:
    right = verdict.right
    failed = _ALL if len(verdict.failed) == len(SCENARIOS) else "; ".join(verdict.failed)
    return f"| {right.verb} | {_on(right)} | {failed} |" if right else ""


def _on(right: Right) -> str:
    return f"{right.resource}.{right.group}" if right.group else right.resource


def rows_of(page: str) -> dict[tuple[str, str], str]:
    """Return what the page says fails, by verb and what it is on."""
    table = page.partition(_BEGIN)[2].partition(_END)[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return {(verb, on): failed for verb, on, failed in cells}


def row_of(right: Right) -> tuple[str, str]:
    """Return how the page names a right."""
    return right.verb, _on(right)
