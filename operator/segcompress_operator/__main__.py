"""The operator's process: settings, logging, the connection, kopf. Nothing else."""

import asyncio
import dataclasses
import logging
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import kopf

from segcompress_operator import handlers
from segcompress_operator.cluster import Cluster, connection
from segcompress_operator.errors import OperatorError, SettingError
from segcompress_operator.index import Index
from segcompress_operator.logs import configure_logging
from segcompress_operator.queue import WorkQueue
from segcompress_operator.reconcile import Reconciler
from segcompress_operator.settings import Settings, settings_from

logger = logging.getLogger("segcompress_operator")

_KIND_RETRY_SECONDS = 5.0


def main() -> int:
    """Run until SIGTERM; return the exit code."""
    try:
        settings = settings_from(os.environ)
        configure_logging(settings.log_format, settings.log_level)
        return asyncio.run(run(settings))
    except OperatorError as error:
        print(error, file=sys.stderr)  # noqa: T201 - logging may not be set up
        return 2


async def run(settings: Settings) -> int:
    """Watch and reconcile; return 1 where something other than a signal ended it."""
    index, queue = Index(handlers.listings(settings.namespaces)), WorkQueue()
    registry, kopf_settings = kopf.OperatorRegistry(), handlers.kopf_settings()
    handlers.register(registry, index, queue)
    handlers.report_vanished(index)

    @kopf.on.login(registry=registry)
    async def log_in(**_: Any) -> kopf.ConnectionInfo:
        return login(kopf_settings, os.environ)

    async with Cluster(await connection(), settings.component) as cluster:
        await _await_kind(cluster)
        reconciler = Reconciler(index, queue, cluster, settings.runner, lambda: datetime.now(UTC))
        stop = asyncio.Event()
        workers = asyncio.create_task(reconciler.run(settings.workers))
        workers.add_done_callback(lambda _: stop.set())
        where = ", ".join(settings.namespaces) or "all namespaces"
        logger.info("watching %s; runner image %s", where, settings.runner.image)
        await kopf.operator(
            registry=registry,
            settings=kopf_settings,
            clusterwide=not settings.namespaces,
            namespaces=settings.namespaces,
            liveness_endpoint=_health(settings.health_port),
            stop_flag=stop,
        )
        workers.cancel()
        (end,) = await asyncio.gather(workers, return_exceptions=True)
        queue.close()
        return 1 if isinstance(end, Exception) else 0


def login(kopf_settings: kopf.OperatorSettings, environment: Mapping[str, str]) -> kopf.ConnectionInfo:
    """Return the pod's service account, or else what KUBECONFIG says.

    The pod's way goes by the address in its environment, so that it needs no DNS.
    """
    given: dict[str, Any] = {"settings": kopf_settings, "logger": logger}
    account = kopf.login_with_service_account(**given)
    if account is not None:
        host, port = environment["KUBERNETES_SERVICE_HOST"], environment["KUBERNETES_SERVICE_PORT"]
        host = f"[{host}]" if ":" in host else host
        return dataclasses.replace(account, server=f"https://{host}:{port}")
    config = kopf.login_with_kubeconfig(**given)
    if config is None:
        raise SettingError("KUBECONFIG", "is required outside a cluster and names no file")
    return config


async def _await_kind(cluster: Cluster) -> None:
    """Wait for the CRD: kopf looks for kinds once, at its start."""
    while True:
        try:
            if await cluster.serves_our_kind():
                return
            logger.warning("the CRD segcompressionjobs.segcompress.dev is not installed; waiting for it")
        except OperatorError as error:
            logger.warning("%s; waiting", error)
        await asyncio.sleep(_KIND_RETRY_SECONDS)


def _health(port: int) -> str | None:
    return f"http://0.0.0.0:{port}/healthz" if port else None


if __name__ == "__main__":
    sys.exit(main())
