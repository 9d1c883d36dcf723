"""Requests that outlast an outage of the API server."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp

from integration.operator.api import ApiError
from integration.operator.async_api import Api, Body

AWAY = (aiohttp.ClientError, OSError, ValueError, RuntimeError)
"""No answer, half of one, or a gap in a watch."""

PAUSE_SECONDS = 0.1

_DONE = {("POST", 409), ("DELETE", 404)}
"""What an unanswered request has created or deleted."""


async def persist(api: Api, method: str, url: str, body: Body | None = None) -> Body:
    """Send a request until it is answered; what an unanswered request did counts as done."""
    return await _persist(lambda: api.request(method, url, body), method)


async def _persist(send: Callable[[], Any], method: str) -> Body:
    while True:
        try:
            answer: Body = await send()
        except ApiError as error:
            if (method, error.status) in _DONE:
                return {}
            if error.status != 429 and error.status < 500:
                raise
        except AWAY:
            pass
        else:
            return answer
        await asyncio.sleep(PAUSE_SECONDS)
