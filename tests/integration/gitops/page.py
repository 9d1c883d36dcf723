"""The table of docs/gitops.md: what the page says of each state."""

from documents import ROOT

PAGE = ROOT / "docs/gitops.md"
COLUMNS = ("phase", "kstatus", "flux", "argocd", "workflow", "wait")


def table() -> dict[str, dict[str, str]]:
    """Return the rows of the page, by state."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]
    return {name: dict(zip(COLUMNS, rest, strict=True)) for name, *rest in rows}
