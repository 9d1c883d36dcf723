"""Tables: of results, from the resources' status, or of any rows."""

from collections.abc import Sequence
from typing import Any

Row = tuple[str, ...]
HEADER: Row = ("", "mIoU", "latency (ms, 1 thread)", "size (bytes)", "sparsity", "speed-up")


def results_table(jobs: dict[str, dict[str, Any]]) -> str:
    """Return the table for finished resources, by the title of their row; the baseline is the first's."""
    metrics = {title: job["status"]["metrics"] for title, job in jobs.items()}
    baseline = next(iter(metrics.values()))["baseline"]
    rows = [HEADER, ("Baseline", *_figures(baseline), "-")]
    rows += [(title, *_figures(found["compressed"]), _speedup(found)) for title, found in metrics.items()]
    return table(rows)


def table(rows: Sequence[Row]) -> str:
    """Return the rows with their columns aligned, the first one as the head."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_line(row, widths) for row in rows]
    rule = "|".join(["", *("-" * (width + 2) for width in widths), ""])
    return "\n".join([lines[0], rule, *lines[1:]])


def _figures(model: dict[str, Any]) -> Row:
    latency, sparsity = model.get("latencyMs", "-"), model.get("sparsity", "-")
    return (model["miou"], latency, str(model["sizeBytes"]), sparsity)


def _speedup(metrics: dict[str, Any]) -> str:
    return f"{float(metrics['speedup']):.2f}x" if "speedup" in metrics else "-"


def _line(row: Row, widths: list[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
