"""What Prometheus reads, and that its number of series is bounded."""

import asyncio

import aiohttp
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from devcluster.ports import free_ports
from segcompress_operator.errors import GoneError, RefusedError, RetryableError
from segcompress_operator.metrics import Gauges, Metrics
from segcompress_operator.planning.facts import EndedAttempt, EndedRun, Facts
from segcompress_operator.probes import probes

NOTHING = Gauges(lambda: False, dict, int, list)
LEADING = Gauges(
    lambda: True,
    lambda: {"Running": 3, "Failed": 1},
    lambda: 7,
    lambda: [("jobs", "vision", True), ("pods", "", False)],
)

Labels = tuple[tuple[str, str], ...]
Samples = dict[tuple[str, Labels], float]


def samples_of(metrics: Metrics) -> list[Sample]:
    """Return the samples that Prometheus would read."""
    (port,) = free_ports(1)

    async def scene() -> str:
        async with (
            probes(port, list, metrics.handler),
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/metrics") as answer,
        ):
            assert answer.status == 200
            return await answer.text()

    families = text_string_to_metric_families(asyncio.run(scene()))
    return [sample for family in families for sample in family.samples]


def scraped(metrics: Metrics) -> Samples:
    """Return the values of the samples, by name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples_of(metrics)
    }


def one(samples: Samples, name: str, **labels: str) -> float:
    return samples[f"segcompress_{name}", tuple(sorted(labels.items()))]


def test_leader_shows_what_it_watches() -> None:
    samples = scraped(Metrics(LEADING))
    assert one(samples, "leader") == 1
    phases = ("Pending", "Queued", "Running", "Suspended", "Succeeded", "Failed")
    assert [one(samples, "jobs", phase=phase) for phase in phases] == [0, 0, 3, 0, 0, 1]
    assert one(samples, "queue_length") == 7
    assert one(samples, "watched", resource="jobs", watched_namespace="vision") == 1
    assert one(samples, "watched", resource="pods", watched_namespace="") == 0


def test_standby_shows_only_that_it_stands_by() -> None:
    samples = scraped(Metrics(NOTHING))
    assert one(samples, "leader") == 0
    assert not any(name in ("segcompress_jobs", "segcompress_watched") for name, _ in samples)


def test_counters_begin_at_zero() -> None:
    samples = scraped(Metrics(NOTHING))
    for reason in ("Preempted", "OutOfMemory", "StorageUnreachable", "InvalidInput", "Suspended", "Unknown"):
        assert one(samples, "attempts_total", reason=reason) == 0
    for phase in ("Succeeded", "Failed"):
        assert one(samples, "job_duration_seconds_count", phase=phase) == 0
    for error in ("Retryable", "Refused", "Other", "Bug"):
        assert one(samples, "reconcile_errors_total", error=error) == 0


def test_facts_are_counted() -> None:
    metrics = Metrics(NOTHING)
    attempts = (EndedAttempt("Preempted", 30.0), EndedAttempt("Succeeded", 90.0))
    metrics.tell(Facts(attempts, EndedRun("Succeeded", 400.0)))
    metrics.tell(Facts((EndedAttempt("Preempted", 5.0),)))
    metrics.tell(Facts())
    samples = scraped(metrics)
    assert one(samples, "attempts_total", reason="Preempted") == 2
    assert one(samples, "attempts_total", reason="Succeeded") == 1
    assert one(samples, "gpu_seconds_total") == 125
    assert one(samples, "job_duration_seconds_count", phase="Succeeded") == 1
    assert one(samples, "job_duration_seconds_sum", phase="Succeeded") == 400
    assert one(samples, "job_duration_seconds_bucket", phase="Succeeded", le="300.0") == 0
    assert one(samples, "job_duration_seconds_bucket", phase="Succeeded", le="900.0") == 1


def test_rounds_and_their_errors_are_counted() -> None:
    metrics = Metrics(NOTHING)
    metrics.reconciled(0.02, None)
    for error in (
        RetryableError("busy"),
        RefusedError("no", final=False),
        GoneError("gone"),
        KeyError("bug"),
    ):
        metrics.reconciled(0.01, error)
    samples = scraped(metrics)
    assert one(samples, "reconcile_duration_seconds_count") == 5
    errors = ("Retryable", "Refused", "Other", "Bug")
    assert [one(samples, "reconcile_errors_total", error=error) for error in errors] == [1, 1, 1, 1]
