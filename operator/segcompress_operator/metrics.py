"""Metrics for Prometheus: the only module that knows its client.

No label names a resource, so that their number is bounded: phases, reasons, kinds of errors, and the
namespaces that the operator was told to watch. A standby shows no gauge of what it does not watch.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.aiohttp import make_aiohttp_handler
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from segcompress_api.status import Phase
from segcompress_operator.errors import OperatorError, RefusedError, RetryableError
from segcompress_operator.planning.facts import ATTEMPT_REASONS, ENDS, Facts

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

PHASES: tuple[str, ...] = get_args(Phase)
_RUN_SECONDS = (10, 30, 60, 300, 900, 1800, 3600, 7200, 14400, 28800, 57600, 115200)
_ROUND_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_ERRORS = (
    ("Retryable", RetryableError),
    ("Refused", RefusedError),
    ("Other", OperatorError),
    ("Bug", Exception),
)
"""Kinds of errors; the first that fits counts."""


@dataclass(frozen=True)
class Gauges:
    """Where what is shown as it stands comes from, each asked when somebody scrapes.

    `streams` yields (plural of the kind, namespace or "" for all, whether it is watched now).
    """

    leads: Callable[[], bool]
    phases: Callable[[], Mapping[str, int]]
    queued: Callable[[], int]
    streams: Callable[[], Iterable[tuple[str, str, bool]]]


class Metrics:
    """Counts what it is told, and shows that and the gauges."""

    def __init__(self, gauges: Gauges) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        registry = CollectorRegistry()
        registry.register(_GaugeCollector(gauges))
        ProcessCollector(registry=registry)
        self._durations = Histogram(
            "segcompress_job_duration_seconds",
            "Seconds from start to end of the SegCompressionJobs that ended, by phase.",
            ("phase",),
            buckets=_RUN_SECONDS,
            registry=registry,
        )
        self._attempts = Counter(
            "segcompress_attempts", "Pods that ended, by reason.", ("reason",), registry=registry
        )
        self._gpu_seconds = Counter(
            "segcompress_gpu_seconds",
            "Seconds for which pods that ended held whole GPUs, counted for each GPU.",
            registry=registry,
        )
        self._rounds = Histogram(
            "segcompress_reconcile_duration_seconds",
            "Seconds of one reconciliation: observe, plan, apply.",
            buckets=_ROUND_SECONDS,
            registry=registry,
        )
        self._errors = Counter(
            "segcompress_reconcile_errors",
            "Reconciliations that are retried: the API server did not answer or had a newer version "
            "(Retryable), it refused (Refused), or a bug.",
            ("error",),
            registry=registry,
        )
        self._begin_at_zero()
        self.handler: Handler = make_aiohttp_handler(registry)

    def _begin_at_zero(self) -> None:
        """Show every series from the start: `increase()` misses the first count without a 0 before it."""
        for phase in ENDS:
            self._durations.labels(phase)
        for reason in ATTEMPT_REASONS:
            self._attempts.labels(reason)
        for name, _ in _ERRORS:
            self._errors.labels(name)

    def tell(self, facts: Facts) -> None:
        """Count what a status write made true."""
        for attempt in facts.attempts:
            self._attempts.labels(attempt.reason).inc()
            self._gpu_seconds.inc(attempt.gpu_seconds)
        if facts.run is not None:
            self._durations.labels(facts.run.phase).observe(facts.run.seconds)

    def reconciled(self, seconds: float, error: Exception | None) -> None:
        """Count a round, and what stopped it."""
        self._rounds.observe(seconds)
        if error is not None:
            self._errors.labels(_kind(error)).inc()


class _GaugeCollector(Collector):
    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return the gauges as they stand; those of the leader alone."""
        leads = self._gauges.leads()
        yield GaugeMetricFamily("segcompress_leader", "Whether this process leads (1).", int(leads))
        if leads:
            yield self._jobs()
            yield self._watched()
            yield GaugeMetricFamily(
                "segcompress_queue_length", "Resources that wait for a worker.", self._gauges.queued()
            )

    def _jobs(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily("segcompress_jobs", "SegCompressionJobs by phase.", labels=("phase",))
        counted = self._gauges.phases()
        for phase in PHASES:
            family.add_metric((phase,), counted.get(phase, 0))
        return family

    def _watched(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "segcompress_watched",
            "Whether the kind is watched in the namespace (1) or cannot be (0); /readyz says why.",
            # Prometheus calls the namespace of the operator's own pod `namespace`.
            labels=("resource", "watched_namespace"),
        )
        for resource, namespace, is_watched in self._gauges.streams():
            family.add_metric((resource, namespace), int(is_watched))
        return family


def _kind(error: Exception) -> str:
    return next(name for name, kind in _ERRORS if isinstance(error, kind))
