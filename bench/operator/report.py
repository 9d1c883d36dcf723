"""The figures as text."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

Figures = Mapping[str, float]

ROWS = {
    "jobs_per_second": "jobs/s, all at once",
    "cpu_ms_per_job": "CPU ms per job, all at once",
    "create_per_job": "POSTs per job",
    "patch_per_job": "PATCHes per job",
    "update_per_job": "PUTs per job",
    "events_per_job": "Events per job",
    "paced_jobs_per_second": "jobs/s, at half the slowest rate",
    "paced_cpu_ms_per_job": "CPU ms per job, at that rate",
    "paced_writes_per_job": "writes per job, at that rate",
    "created_to_job_p50_ms": "resource sent to Job seen, p50 ms",
    "created_to_job_p99_ms": "resource sent to Job seen, p99 ms",
    "base_mb": "MB at rest, empty",
    "kb_per_live_run": "KB per live run (resource, Job, Pod)",
    "start_seconds": "seconds to start beside finished runs",
    "start_cpu_seconds": "CPU s to start",
    "start_writes": "writes at the start",
    "start_mb": "MB at rest, beside them",
    "start_peak_mb": "MB at most",
    "idle_cpu_percent": "% of a core, idle",
    "idle_requests_per_minute": "requests per minute, idle",
}

_INTEGERS_FROM = 1000


def line(figures: Figures) -> str:
    """Return one run's figures in one line."""
    return " ".join(f"{name}={value:.4g}" for name, value in figures.items())


def percentiles(name: str, seconds: Sequence[float]) -> dict[str, float]:
    """Return the median and the 99th percentile in milliseconds, by nearest rank."""
    ranked = sorted(seconds)
    return {
        f"{name}_p{share}_ms": ranked[math.ceil(len(ranked) * share / 100) - 1] * 1000
        for share in (50, 99)
        if ranked
    }


def head(settings: Mapping[str, Any]) -> str:
    """Return how the figures came about."""
    return "".join(f"{name}: {value}\n" for name, value in settings.items() if value is not None)


def table(figures: Mapping[str, Figures]) -> str:
    """Return a Markdown table: a row a figure, a column a subject, ratios to the reference last."""
    names = [*figures]
    others = [name for name in names if name != "reference"]
    top = ["", *names, *(f"{name} / reference" for name in others)]
    lines = [top, ["---"] * len(top)]
    for key, label in ROWS.items():
        row = {name: figures[name].get(key) for name in names}
        if any(value is not None for value in row.values()):
            base = row.get("reference")
            ratios = (_ratio(row[name], base) for name in others)
            lines.append([label, *(text(value) for value in row.values()), *ratios])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def text(value: float | None) -> str:
    """Return three digits of a figure, and nothing where it was not taken."""
    if value is None:
        return ""
    return f"{value:.3g}" if abs(value) < _INTEGERS_FROM else f"{value:,.0f}"


def _ratio(value: float | None, base: float | None) -> str:
    return "" if value is None or not base else f"{value / base:.2f}"
