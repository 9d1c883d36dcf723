"""Plays Job controller and kubelet for the trials of a sweep, through outages of the API server.

How a trial ends depends on its parameters alone, so that the same trials have the same results.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp

from integration.operator import objects
from integration.operator.api import ApiError
from integration.operator.async_api import COMPRESSION_JOBS, JOBS, PODS, Api, Body
from integration.operator.sweep_stage import figures

SECONDS = (0.1, 0.6)
"""How long a pod runs, at least and at most."""

MOST_DROP = 0.035
"""A trial that loses more mIoU misses a gate."""

CRASHES_OF = 13
"""One in this many trials crashes."""

_AWAY = (aiohttp.ClientError, OSError, ValueError, RuntimeError)
"""No answer, half of one, or a gap in a watch."""

_PAUSE_SECONDS = 0.1


class Player:
    """Every Job of one namespace gets a pod, which runs and ends."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._resources, self._jobs, self._pods = (
            url.format(namespace) for url in (COMPRESSION_JOBS, JOBS, PODS)
        )
        self._seen: set[str] = set()

    async def run(self) -> None:
        """Play until cancelled."""
        async with asyncio.TaskGroup() as group:
            async for job in self._found():
                if job["metadata"]["uid"] not in self._seen:
                    self._seen.add(job["metadata"]["uid"])
                    group.create_task(self._play(job))

    async def _found(self) -> AsyncIterator[Body]:
        """Yield every Job at least once, whatever happens to the API server meanwhile."""
        while True:
            try:
                listed = await self._api.request("GET", self._jobs)
                for job in listed["items"]:
                    yield job
                async for _, job in self._api.watch(self._jobs, listed["metadata"]["resourceVersion"]):
                    yield job
            except (*_AWAY, ApiError):
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _play(self, job: Body) -> None:
        trial = await persist(self._api, "GET", f"{self._resources}/{trial_of(job)}")
        at = point_of(trial)
        pod = objects.pod_of(job)
        status = {
            "job": f"{self._jobs}/{job['metadata']['name']}/status",
            "pod": f"{self._pods}/{pod['metadata']['name']}/status",
        }
        await persist(self._api, "POST", self._pods, pod)
        await persist(self._api, "PATCH", status["job"], objects.job_active())
        await persist(self._api, "PATCH", status["pod"], objects.pod_running())
        await asyncio.sleep(random.Random(str(at)).uniform(*SECONDS))  # noqa: S311 - no secret
        ended, over = end_at(**at)
        await persist(self._api, "PATCH", status["pod"], ended)
        await persist(self._api, "PATCH", status["job"], over)


def trial_of(job: Body) -> str:
    """Return the name of the trial that a Job belongs to."""
    return str(job["metadata"]["ownerReferences"][0]["name"])


def point_of(trial: Body) -> dict[str, float]:
    """Return the parameters of a trial as numbers."""
    text = trial["metadata"]["annotations"]["segcompress.dev/parameters"]
    return {name: float(value) for name, value in json.loads(text).items()}


def end_at(ratio: float, rate: float) -> tuple[Body, Body]:
    """Return how pod and Job of a trial end: well, by a missed gate, or by a crash."""
    if random.Random(f"{ratio} {rate}").randrange(CRASHES_OF) == 0:  # noqa: S311 - no secret
        over = objects.job_failed("BackoffLimitExceeded", "Job has reached the specified backoff limit")
        return objects.pod_ended(1, "RuntimeError: out of luck"), over
    metrics = figures(ratio, rate)
    more: dict[str, Any] = {"metrics": metrics, "artifacts": objects.ARTIFACTS}
    if float(metrics["miouDrop"]) > MOST_DROP:
        message = objects.result("AcceptanceNotMet", "mIoU fell too far", **more)
        words = "Container runner failed with exit code 4 matching FailJob rule at index 2"
        return objects.pod_ended(4, message), objects.job_failed("PodFailurePolicy", words)
    return objects.pod_ended(0, objects.result("Succeeded", **more)), objects.job_complete()


async def persist(api: Api, method: str, url: str, body: Body | None = None) -> Body:
    """Send a request until it is answered; what an unanswered request created counts as created."""
    return await _persist(lambda: api.request(method, url, body), method)


async def _persist(send: Callable[[], Any], method: str) -> Body:
    while True:
        try:
            answer: Body = await send()
        except ApiError as error:
            if method == "POST" and error.status == 409:
                return {}
            if error.status != 429 and error.status < 500:
                raise
        except _AWAY:
            pass
        else:
            return answer
        await asyncio.sleep(_PAUSE_SECONDS)
