"""`segcompress list`: the columns of `kubectl get scj`, and of `kubectl get scs`."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime

from segcompress.client import SegCompressionJob, SegCompressionSweep
from segcompress.client.kinds import R
from segcompress.client.resources import Resources
from segcompress.commands.columns import print_columns
from segcompress.commands.connecting import client_for
from segcompress_api.sweep_status import TrialCounts

_JOBS = ("NAME", "PHASE", "STAGE", "PROGRESS", "MIOU", "DROP", "SPEEDUP", "AGE")
_SWEEPS = ("NAME", "PHASE", "TRIALS", "RUNNING", "FAILED", "BEST", "AGE")
_NONE = "-"

Row = tuple[str, ...]


def run(options: argparse.Namespace) -> int:
    """Print the jobs or sweeps, or that there is none."""
    client = client_for(options)
    if options.sweeps:
        return _print(client.sweeps, _SWEEPS, _sweep_row, options)
    return _print(client, _JOBS, _job_row, options)


def _print(
    resources: Resources[R], header: Row, row: Callable[[R, datetime], Row], options: argparse.Namespace
) -> int:
    found = resources.list(options.selector, all_namespaces=options.all_namespaces)
    if not found:
        where = "in any namespace" if options.all_namespaces else f"in namespace {resources.namespace}"
        print(f"no {'sweeps' if options.sweeps else 'jobs'} {where}")
        return 0
    now = datetime.now(UTC)
    rows = [(one.metadata.namespace, *row(one, now)) for one in found]
    shown = slice(0 if options.all_namespaces else 1, None)
    print_columns(("NAMESPACE", *header)[shown], [each[shown] for each in rows])
    return 0


def _job_row(job: SegCompressionJob, now: datetime) -> tuple[str, ...]:
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


def _sweep_row(sweep: SegCompressionSweep, now: datetime) -> Row:
    status, trials = sweep.status, sweep.status.trials or TrialCounts()
    return (
        sweep.metadata.name,
        status.phase or _NONE,
        f"{trials.succeeded + trials.failed + trials.stopped}/{sweep.spec.max_trials}",
        str(trials.running),
        str(trials.failed),
        status.best_trial.name if status.best_trial else _NONE,
        age(sweep.metadata.creation_timestamp, now),
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
