"""`segcompress list`: the columns of `kubectl get scj`."""

import argparse
from datetime import UTC, datetime

from segcompress.client import Client, SegCompressionJob
from segcompress.commands.columns import print_columns

_HEADER = ("NAMESPACE", "NAME", "PHASE", "STAGE", "PROGRESS", "MIOU", "DROP", "SPEEDUP", "AGE")
_NONE = "-"


def run(client: Client, options: argparse.Namespace) -> int:
    """Print the jobs, or that there is none."""
    jobs = client.list(options.selector, all_namespaces=options.all_namespaces)
    if not jobs:
        where = "in any namespace" if options.all_namespaces else f"in namespace {client.namespace}"
        print(f"no jobs {where}")
        return 0
    now = datetime.now(UTC)
    rows = [(job.metadata.namespace, *_row(job, now)) for job in jobs]
    shown = slice(0 if options.all_namespaces else 1, None)
    print_columns(_HEADER[shown], [row[shown] for row in rows])
    return 0


def _row(job: SegCompressionJob, now: datetime) -> tuple[str, ...]:
    status, metrics = job.status, job.status.metrics
    compressed = metrics.compressed if metrics else None
    percent = status.progress.percent if status.progress else None
    return (
        job.metadata.name,
        status.phase or _NONE,
        status.progress.stage if status.progress else _NONE,
        _NONE if percent is None else f"{percent} %",
        compressed.miou if compressed else _NONE,
        (metrics and metrics.miou_drop) or _NONE,
        f"{metrics.speedup}x" if metrics and metrics.speedup else _NONE,
        age(job.metadata.creation_timestamp, now),
    )


def age(created: str | None, now: datetime) -> str:
    """Return how old something is, in one unit: 45s, 12m, 5h, 3d."""
    if created is None:
        return _NONE
    seconds = max(0, int((now - datetime.fromisoformat(created)).total_seconds()))
    for unit, size, limit in (("s", 1, 120), ("m", 60, 7200), ("h", 3600, 172_800)):
        if seconds < limit:
            return f"{seconds // size}{unit}"
    return f"{seconds // 86_400}d"
