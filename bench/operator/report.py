"""The figures as text."""

from collections.abc import Mapping

Figures = Mapping[str, float]


def line(figures: Figures) -> str:
    """Return one run's figures in one line."""
    return " ".join(f"{name}={value:.4g}" for name, value in figures.items())


def table(figures: Mapping[str, Figures]) -> str:
    """Return a Markdown table: a row a figure, a column a subject, ratios to the reference last."""
    names = [*figures]
    rows = sorted({key for each in figures.values() for key in each})
    head = ["", *names, *(f"{name} / reference" for name in names if name != "reference")]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        values = [figures[name].get(row) for name in names]
        base = figures.get("reference", {}).get(row)
        ratios = [
            f"{figures[name][row] / base:.2f}" if base and row in figures[name] else ""
            for name in names
            if name != "reference"
        ]
        lines.append([row, *("" if value is None else f"{value:.4g}" for value in values), *ratios])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
