"""Plays Job controller and kubelet for the trials of a sweep, through outages of the API server.

How a trial ends depends on its parameters alone, so that the same trials have the same results.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from integration.operator import objects
from integration.operator.api import ApiError
from integration.operator.async_api import COMPRESSION_JOBS, JOBS, PODS, Api, Body
from integration.operator.sweep_stage import figures
from sweep_kills.persist import AWAY, PAUSE_SECONDS, persist
from sweep_kills.trainer import Trainer

SECONDS = (0.1, 0.6)
"""How long a pod runs, at least and at most."""

MOST_DROP = 0.035
"""A trial that loses more mIoU misses a gate."""

CRASHES_OF = 13
"""One in this many trials crashes."""

WORSE_SECONDS = 5.0
"""How long a pod that reports runs where its trial is one of the worse half, unless its Job is deleted."""

WORSE_DROP = 0.012
"""About half of all points lose more mIoU."""

STOPPED = 5
"""Exit code of a runner that is asked to stop."""


class Player:
    """Every Job of one namespace gets a pod, which runs, reports to a trainer if there is one, and ends.

    If a Job is deleted, its pod is ended and deleted first, as by the garbage collector.
    """

    def __init__(self, api: Api, namespace: str, trainer: Trainer | None = None) -> None:
        self._api = api
        self._trainer = trainer
        self._resources, self._jobs, self._pods = (
            url.format(namespace) for url in (COMPRESSION_JOBS, JOBS, PODS)
        )
        self._deleted: dict[str, asyncio.Event] = {}

    async def run(self) -> None:
        """Play until cancelled."""
        async with asyncio.TaskGroup() as group:
            async for job in self._found():
                uid = job["metadata"]["uid"]
                if uid not in self._deleted:
                    self._deleted[uid] = asyncio.Event()
                    group.create_task(self._play(job, self._deleted[uid]))
                if job["metadata"].get("deletionTimestamp"):
                    self._deleted[uid].set()

    async def _found(self) -> AsyncIterator[Body]:
        """Yield every Job at least once, whatever happens to the API server meanwhile."""
        while True:
            try:
                listed = await self._api.request("GET", self._jobs)
                for job in listed["items"]:
                    yield job
                async for _, job in self._api.watch(self._jobs, listed["metadata"]["resourceVersion"]):
                    yield job
            except (*AWAY, ApiError):
                await asyncio.sleep(PAUSE_SECONDS)

    async def _play(self, job: Body, deleted: asyncio.Event) -> None:
        trial = await persist(self._api, "GET", f"{self._resources}/{trial_of(job)}")
        at = point_of(trial)
        made = objects.pod_of(job)
        made["spec"]["serviceAccountName"] = "default"  # as admission does where accounts exist
        urls = f"{self._jobs}/{job['metadata']['name']}", f"{self._pods}/{made['metadata']['name']}"
        await persist(self._api, "POST", self._pods, made)
        await self._write(urls, objects.job_active(), objects.pod_running())
        await self._train(urls[1], at, deleted)
        if deleted.is_set():
            await persist(self._api, "PATCH", f"{urls[1]}/status", objects.pod_ended(STOPPED))
        else:
            ended, over = end_at(**at)
            await self._write(urls, over, ended)
        await deleted.wait()
        await self._see_off(*urls)

    async def _write(self, urls: tuple[str, str], job: Body, pod: Body) -> None:
        """Write the status of a Job after that of its pod."""
        await persist(self._api, "PATCH", f"{urls[1]}/status", pod)
        await persist(self._api, "PATCH", f"{urls[0]}/status", job)

    async def _train(self, url: str, at: dict[str, float], deleted: asyncio.Event) -> None:
        """Wait until the pod's time is over or its Job is deleted."""
        seconds = random.Random(str(at)).uniform(*SECONDS)  # noqa: S311 - no secret
        if self._trainer is not None:
            measured = figures(**at)
            pod = await persist(self._api, "GET", url)
            await self._trainer.reports(pod, measured["compressed"]["miou"], deleted)
            seconds += WORSE_SECONDS if float(measured["miouDrop"]) > WORSE_DROP else 0.0
        with suppress(TimeoutError):
            await asyncio.wait_for(deleted.wait(), seconds)

    async def _see_off(self, job: str, pod: str) -> None:
        """Let a Job that is being deleted go, after its pod."""
        await persist(self._api, "DELETE", pod, {"gracePeriodSeconds": 0})
        try:
            await persist(self._api, "PATCH", job, {"metadata": {"finalizers": []}})
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:  # an unanswered request let it go
                raise


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
