"""The tables of hostile cases in docs/security.md."""

from collections import Counter
from pathlib import Path

from hostile.case import Fails, Harmless, Refused
from hostile.inputs import THEMES as INPUTS
from hostile.resources import THEMES as RESOURCES

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
_ENDS = (Refused, Fails, Harmless)


def resources() -> str:
    """Return the table of resources."""
    rows, total = list[str](), Counter[type]()
    for theme in RESOURCES:
        ends = Counter(type(case.end) for case in theme.cases)
        total += ends
        rows.append(_row(theme.title, theme.what, ends))
    head = [
        "| theme | what is tried | cases | refused | one condition | harmless |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *rows, _row("all", "", total)]) + "\n"


def _row(title: str, what: str, ends: Counter[type]) -> str:
    counts = " | ".join(str(ends[end]) for end in _ENDS)
    return f"| {title} | {what} | {ends.total()} | {counts} |"


def inputs() -> str:
    """Return the table of inputs."""
    rows = [f"| {theme.title} | {theme.what} | {len(theme.cases)} |" for theme in INPUTS]
    total = f"| all | | {sum(len(theme.cases) for theme in INPUTS)} |"
    return "\n".join(["| theme | what is tried | cases |", "|---|---|---|", *rows, total]) + "\n"


def written(page: str) -> str:
    """Return the page with the tables of today."""
    for name, table in (("resources", resources()), ("inputs", inputs())):
        begin, end = f"<!-- {name}: `make security-page` -->\n", f"<!-- end of {name} -->\n"
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}{table}{end}{rest.partition(end)[2]}"
    return page


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
