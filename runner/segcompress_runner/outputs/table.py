"""The table of results: baseline and compressed model side by side, for a terminal and for a file. Pure."""

from collections.abc import Sequence

from segcompress_api.status import Metrics, ModelFigures

HEADER = ("model", "mIoU", "boundary IoU", "latency, ms", "size, KiB", "sparsity", "speed-up")
_NONE = "–"


def rows(metrics: Metrics) -> list[tuple[str, ...]]:
    """Return one row for each measured model, below `HEADER`."""
    table = [_row("baseline", metrics.baseline, None)]
    if metrics.compressed is not None:
        table.append(_row("compressed", metrics.compressed, metrics.speedup))
    return table


def caption(metrics: Metrics) -> str:
    """Return what a reader must know beside the table."""
    parts = []
    if metrics.runtime is not None:
        parts.append(f"latency: median at batch 1 on {metrics.runtime}{_where(metrics)}")
    if metrics.miou_drop is not None:
        parts.append(f"mIoU lost: {metrics.miou_drop}")
    worst = metrics.worst_class
    if worst is not None:
        named = f"{worst.name} ({worst.id})" if worst.name else str(worst.id)
        parts.append(f"most lost by class {named}: IoU {worst.iou_drop}")
    return "; ".join(parts)


def markdown(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, columns of figures to the right."""
    ruler = ["---", *("---:" for _ in header[1:])]
    return "\n".join("| " + " | ".join(line) + " |" for line in (header, ruler, *lines))


def _where(metrics: Metrics) -> str:
    unit = "thread" if metrics.threads == 1 else "threads"
    threads = "" if metrics.threads is None else f", {metrics.threads} {unit}"
    return threads if metrics.processor is None else f"{threads}, {metrics.processor}"


def _row(name: str, model: ModelFigures, speedup: str | None) -> tuple[str, ...]:
    return (
        name,
        model.miou,
        model.boundary_iou or _NONE,
        model.latency_ms or _NONE,
        f"{model.size_bytes / 1024:.1f}",
        model.sparsity or _NONE,
        f"{speedup}x" if speedup else _NONE,
    )
