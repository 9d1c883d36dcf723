"""Compares the results of jobs. Pure: everything is in their metadata and status."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from segcompress.client.outcomes import condition_of
from segcompress_api.conditions import ConditionType
from segcompress_api.job import SegCompressionJob
from segcompress_api.naming import PARAMETERS_ANNOTATION
from segcompress_api.status import Metrics, ModelFigures
from segcompress_api.trials import point_of

_FIGURES = (
    "MIOU BEFORE", "AFTER", "DROP", "MS BEFORE", "AFTER", "SPEEDUP", "KIB BEFORE", "AFTER", "SPARSITY",
    "RUNTIME",
)  # fmt: skip
NONE = "-"


@dataclass(frozen=True)
class Comparison:
    """What one job measured: `metrics` is None until then, and holds decimal strings.

    `accepted` is None until the gates were checked; `missed` is the reason where one was missed. `parameters`
    are those of a sweep's trial.
    """

    name: str
    phase: str
    accepted: bool | None
    missed: str | None
    metrics: Metrics | None
    parameters: Mapping[str, str] = field(default_factory=dict)


def compare(jobs: Iterable[SegCompressionJob]) -> tuple[Comparison, ...]:
    """Return what each job measured, in the order of the jobs."""
    return tuple(_of(job) for job in jobs)


def table(compared: Sequence[Comparison]) -> list[tuple[str, ...]]:
    """Return a header and one row per job, with a column for each parameter that one of them has."""
    names = tuple(dict.fromkeys(name for one in compared for name in one.parameters))
    return [("NAME", *names, "PHASE", "GATES", *_FIGURES), *(_row(one, names) for one in compared)]


def caution(compared: Sequence[Comparison]) -> str:
    """Return a warning if latencies cannot be compared, otherwise ""."""
    measured = [one.metrics for one in compared if one.metrics is not None]
    places = {(metrics.runtime, metrics.processor) for metrics in measured if metrics.runtime}
    if len(places) < 2:  # noqa: PLR2004 - two places
        return ""
    named = "; ".join(sorted(" on ".join(filter(None, place)) for place in places))
    return f"latencies are of different runtimes or processors ({named}): compare the speed-ups"


def _of(job: SegCompressionJob) -> Comparison:
    gates = condition_of(job, ConditionType.ACCEPTED)
    accepted = {"True": True, "False": False}.get(gates.status) if gates else None
    missed = gates.reason if gates and accepted is False else None
    return Comparison(
        job.metadata.name,
        job.status.phase or "Pending",
        accepted,
        missed,
        job.status.metrics,
        point_of(job.metadata.annotations.get(PARAMETERS_ANNOTATION, "{}")),
    )


def _row(one: Comparison, names: Iterable[str]) -> tuple[str, ...]:
    gates = one.missed or ("passed" if one.accepted else NONE)
    head = (one.name, *(one.parameters.get(name, NONE) for name in names), one.phase, gates)
    if one.metrics is None:
        return (*head, *[NONE] * len(_FIGURES))
    metrics, before, after = one.metrics, one.metrics.baseline, one.metrics.compressed
    figures = (
        before.miou,
        after and after.miou,
        metrics.miou_drop,
        before.latency_ms,
        after and after.latency_ms,
        metrics.speedup and f"{metrics.speedup}x",
        _kib(before),
        after and _kib(after),
        after and after.sparsity,
        metrics.runtime,
    )
    return (*head, *(figure or NONE for figure in figures))


def _kib(model: ModelFigures) -> str:
    return f"{model.size_bytes / 1024:.1f}"
