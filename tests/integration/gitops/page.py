"""The tables of docs/gitops.md: what the page says of each state of a kind."""

from documents import ROOT

PAGE = ROOT / "docs/gitops.md"
COLUMNS = ("phase", "kstatus", "flux", "argocd", "workflow", "wait")
Table = dict[str, dict[str, str]]


def tables() -> dict[str, Table]:
    """Return the rows of the page by kind, which is the head of a table's first column, and by state."""
    found: dict[str, Table] = {}
    for line in PAGE.read_text().splitlines():
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        if name.startswith("SegCompression"):
            rows = found.setdefault(name, {})
        elif line.startswith("| "):
            rows[name] = dict(zip(COLUMNS, cells, strict=True))
    return found
