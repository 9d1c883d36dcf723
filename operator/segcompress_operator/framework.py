"""kopf around the operator: login, signals, start and end. Nothing of what it watches is decided here.

None of kopf's resource handlers is registered: docs/decisions says what kopf carries and what it does not.
"""

import asyncio
import dataclasses
import itertools
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import kopf

from segcompress_operator.errors import SettingError
from segcompress_operator.kinds import JOBS, PODS
from segcompress_operator.resources.names import SELECTOR

logger = logging.getLogger(__name__)


class _Patience:
    """Seconds between tries of a request, without an end: an outage of any length is waited for."""

    def __iter__(self) -> Iterator[float]:
        return itertools.chain((1.0, 1.0, 2.0, 3.0), itertools.repeat(5.0))


def kopf_settings() -> kopf.OperatorSettings:
    """Return kopf's settings for itself: nothing is written, and no kinds or namespaces are looked for."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.peering.standalone = True
    settings.scanning.disabled = True
    settings.networking.error_backoffs = _Patience()
    settings.process.ultimate_exiting_timeout = 20.0
    return settings


def stream_settings() -> kopf.OperatorSettings:
    """Return kopf's settings for our streams: of our objects alone, and each failure is reported at once."""
    settings = kopf.OperatorSettings()
    settings.watching.label_selectors[JOBS[:3]] = SELECTOR
    settings.watching.label_selectors[PODS[:3]] = SELECTOR
    settings.watching.inactivity_timeout = 70.0
    settings.networking.error_backoffs = ()
    settings.networking.request_timeout = 60.0
    return settings


async def run(work: Callable[[], Awaitable[None]], environment: Mapping[str, str]) -> bool:
    """Run `work` within kopf until a signal ends both; return whether `work` ended by itself.

    Raises what `work` raises.
    """
    registry, settings, stop = kopf.OperatorRegistry(), kopf_settings(), asyncio.Event()
    tasks: list[asyncio.Future[None]] = []

    @kopf.on.login(registry=registry)
    async def log_in(**_: Any) -> kopf.ConnectionInfo:
        return login(settings, environment)

    @kopf.on.startup(registry=registry)
    async def start(**_: Any) -> None:
        # From here, the task inherits kopf's credentials.
        task = asyncio.ensure_future(work())
        task.add_done_callback(lambda _: stop.set())
        tasks.append(task)

    @kopf.on.cleanup(registry=registry)
    async def end(**_: Any) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    await kopf.operator(registry=registry, settings=settings, clusterwide=True, stop_flag=stop)
    errors = [task.exception() for task in tasks if not task.cancelled()]
    for error in filter(None, errors):
        raise error
    return bool(errors)


def login(settings: kopf.OperatorSettings, environment: Mapping[str, str]) -> kopf.ConnectionInfo:
    """Return the pod's service account, or else what KUBECONFIG says.

    The pod's way goes by the address in its environment, so that it needs no DNS.
    """
    given: dict[str, Any] = {"settings": settings, "logger": logger}
    account = kopf.login_with_service_account(**given)
    if account is not None:
        host, port = environment["KUBERNETES_SERVICE_HOST"], environment["KUBERNETES_SERVICE_PORT"]
        host = f"[{host}]" if ":" in host else host
        return dataclasses.replace(account, server=f"https://{host}:{port}")
    config = kopf.login_with_kubeconfig(**given)
    if config is None:
        raise SettingError("KUBECONFIG", "is required outside a cluster and names no file")
    return config
