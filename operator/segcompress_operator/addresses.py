"""The address of the operator's own Service, which changes when the Service is recreated.

Pods are told the address with the name, so that they need no DNS. The kubelet tells it to the operator once,
when its container starts.
"""

import asyncio
import logging
from typing import NoReturn, Protocol

from segcompress_operator.cluster import Body
from segcompress_operator.errors import GoneError, RefusedError, RetryableError
from segcompress_operator.kinds import Ref

logger = logging.getLogger(__name__)

LOOK_SECONDS = 15.0


class Reader(Protocol):
    """Reads objects."""

    async def get(self, ref: Ref) -> Body:
        """Return the object; raises GoneError, RefusedError or RetryableError."""


class ServiceAddress:
    """`value` is the last address known of the Service `ref`."""

    def __init__(self, ref: Ref, value: str) -> None:
        self.value = value
        self._ref = ref
        self._problem = ""

    async def follow(self, reader: Reader, seconds: float = LOOK_SECONDS) -> NoReturn:
        """Refresh the address repeatedly, until cancelled."""
        while True:
            await self.refresh(reader)
            await asyncio.sleep(seconds)

    async def refresh(self, reader: Reader) -> None:
        """Read the address; keep the last one while the Service is missing."""
        try:
            body = await reader.get(self._ref)
        except (GoneError, RefusedError, RetryableError) as error:
            self._say(str(error))
            return
        self._say("")
        address = str((body.get("spec") or {}).get("clusterIP") or "None")
        if address not in ("None", self.value):
            logger.info("%s has another address: %s", self._ref, address)
            self.value = address

    def _say(self, problem: str) -> None:
        if problem and problem != self._problem:
            told = f"are told {self.value}" if self.value else "look its name up"
            logger.warning("%s: its address cannot be read; pods %s: %s", self._ref, told, problem)
        self._problem = problem
