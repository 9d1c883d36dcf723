"""The operator's process: settings, logging, and what runs together. Nothing else."""

import asyncio
import logging
import os
import socket
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from segcompress_operator import framework, loop
from segcompress_operator.addresses import ServiceAddress
from segcompress_operator.certificates import Certificate
from segcompress_operator.cluster import Cluster, connection
from segcompress_operator.controller import Controller, Reconciler, Workers
from segcompress_operator.errors import OperatorError
from segcompress_operator.kinds import COMPRESSION_JOBS, LEASES, SERVICES, SWEEPS, Kind, Ref
from segcompress_operator.leader import Alone, Leadership, LeaseLeadership, lead
from segcompress_operator.logs import configure_logging
from segcompress_operator.metrics import Gauges, Metrics
from segcompress_operator.planning.job import plan_job
from segcompress_operator.planning.observed import Resource
from segcompress_operator.planning.plan import Observed, Plan
from segcompress_operator.planning.sweeps.observed import Sweep, SweepObserved
from segcompress_operator.planning.sweeps.plan import SweepPlan, plan_sweep
from segcompress_operator.probes import Problems, probes
from segcompress_operator.queue import WorkQueue
from segcompress_operator.reports import Reports, report_server
from segcompress_operator.runs import Runs
from segcompress_operator.settings import (
    LeaseSettings,
    ProgressSettings,
    ReportTarget,
    RunnerSettings,
    Settings,
    settings_from,
)
from segcompress_operator.sweep_controller import SweepController
from segcompress_operator.sweeps import ROUND_SECONDS, Sweeps
from segcompress_operator.watching.streams import Streams

logger = logging.getLogger("segcompress_operator")


_RECURSION_LIMIT = 20_000
"""The API server takes JSON that is nested 10,000 deep: one such resource must not break a whole LIST."""


def main() -> int:
    """Run until SIGTERM; return the exit code."""
    sys.setrecursionlimit(_RECURSION_LIMIT)
    try:
        settings = settings_from(os.environ)
        configure_logging(settings.log_format, settings.log_level)
        return loop.run(run(settings))
    except OperatorError as error:
        print(error, file=sys.stderr)  # noqa: T201 - logging may not be set up
        return 2


async def run(settings: Settings) -> int:
    """Watch and reconcile while this process leads; return 1 where something other than a signal ended it."""
    queues = {kind: _queue() for kind in (COMPRESSION_JOBS, SWEEPS)}
    runs = Runs(queues[COMPRESSION_JOBS].add)
    runs.parents = sweeps = Sweeps(queues[SWEEPS].add_after, runs)
    sinks = {**runs.sinks(), **sweeps.sinks()}
    streams = Streams(sinks, settings.namespaces, framework.stream_settings(), optional=sweeps.sinks())
    progress = settings.progress
    certificate = None if progress is None else Certificate(progress.tls)
    address = _service_address(progress)
    runner = _runner_settings(settings.runner, progress, certificate, address)

    # Renewals have connections of their own: they must not wait for those that a thousand jobs keep busy.
    async with Cluster(await connection(), settings.component) as leases:
        leadership = leadership_by(settings.lease, leases)
        async with Cluster(await connection(), settings.component, may_write=leadership.holds) as cluster:
            metrics = Metrics(_gauges(leadership, runs, queues, streams))
            controllers = _controllers(runs, sweeps, runner, cluster, metrics)
            workers = Workers(queues, controllers, metrics.reconciled)
            reports = Reports(runs, cluster, _now)

            async def work() -> None:
                if address is not None:
                    await address.refresh(cluster)  # it is told to the first pod, too
                async with asyncio.TaskGroup() as group:
                    group.create_task(streams.run())
                    group.create_task(workers.run(settings.workers))
                    if progress is not None and certificate is not None:
                        group.create_task(_serve(reports, progress, certificate))
                    if address is not None:
                        group.create_task(address.follow(cluster))

            where = ", ".join(settings.namespaces) or "all namespaces"
            logger.info("watching %s; runner image %s", where, settings.runner.image)
            problems, notes = _readiness(leadership, streams)
            async with probes(settings.health_port, problems, metrics.handler, notes):
                ended = await framework.run(lambda: lead(leadership, work), os.environ)
            workers.close()
            return 1 if ended else 0


def _queue() -> WorkQueue[Ref]:
    """Return a queue in which namespaces take turns."""
    return WorkQueue(flow_of=lambda ref: ref.namespace)


def _gauges(
    leadership: Leadership, runs: Runs, queues: Mapping[Kind, WorkQueue[Ref]], streams: Streams
) -> Gauges:
    return Gauges(leadership.holds, runs.phases, lambda: sum(map(len, queues.values())), streams.states)


def _controllers(
    runs: Runs, sweeps: Sweeps, runner: Callable[[], RunnerSettings], cluster: Cluster, metrics: Metrics
) -> Mapping[Kind, Reconciler]:
    """Return what reconciles each kind, with the runner's settings as they are at that moment."""

    def plan(resource: Resource, observed: Observed, now: datetime) -> Plan:
        return plan_job(resource, observed, runner(), now)

    def plan_trials(sweep: Sweep, observed: SweepObserved, now: datetime) -> SweepPlan:
        return plan_sweep(sweep, observed, runner(), now)

    return {
        COMPRESSION_JOBS: Controller(runs, plan, cluster, _now, metrics.tell),
        SWEEPS: SweepController(sweeps, plan_trials, cluster, _now, spread_seconds=ROUND_SECONDS),
    }


def _readiness(leadership: Leadership, streams: Streams) -> tuple[Problems, Problems]:
    """Return why this process is not ready, and what is worth a note; a standby reads no streams."""

    def problems() -> Sequence[str]:
        return streams.problems() if leadership.holds() else leadership.problems()

    def notes() -> Sequence[str]:
        return streams.notes() if leadership.holds() else ()

    return problems, notes


def leadership_by(lease: LeaseSettings | None, cluster: Cluster) -> Leadership:
    """Return the leadership that the settings ask for; a process that starts anew is another holder."""
    if lease is None:
        return Alone()
    identity = f"{socket.gethostname()}_{uuid.uuid4().hex[:8]}"
    return LeaseLeadership(cluster, Ref(LEASES, lease.namespace, lease.name), identity, lease.seconds)


async def _serve(reports: Reports, progress: ProgressSettings, certificate: Certificate) -> None:
    """Take reports, and follow the certificate, until cancelled."""
    certificate.refresh()  # this operator may have stood by for months
    async with report_server(reports, progress.port, certificate.context):
        await certificate.follow()


def _service_address(progress: ProgressSettings | None) -> ServiceAddress | None:
    """Return the Service's address to follow, None where none was named."""
    if progress is None or progress.service is None:
        return None
    return ServiceAddress(Ref(SERVICES, *progress.service), progress.address)


def _runner_settings(
    given: RunnerSettings,
    progress: ProgressSettings | None,
    certificate: Certificate | None,
    address: ServiceAddress | None,
) -> Callable[[], RunnerSettings]:
    """Return what tells the settings of the pods to come: authority and address may change."""
    if progress is None or certificate is None:
        return lambda: given

    def settings() -> RunnerSettings:
        at = progress.address if address is None else address.value
        return replace(given, progress=ReportTarget(progress.url, at, certificate.ca))

    return settings


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    sys.exit(main())
