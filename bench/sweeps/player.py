"""Plays Job controller and kubelet, and keeps a number of runs in flight: those of a sweep, or its own.

    python -m bench.sweeps.player KUBECONFIG ORDER

ORDER is an Order as JSON. Prints one JSON object once so many runs have ended.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bench.operator.player import Kubelet
from bench.sweeps.large import NAME, large_sweep

from integration.operator import objects
from integration.operator.api import KINDS
from integration.operator.async_api import COMPRESSION_JOBS, JOBS, Api, Body
from segcompress_api.naming import PARAMETERS_ANNOTATION

Act = Callable[[], Coroutine[Any, Any, object]]
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Order:
    """What is played in a namespace until `runs` runs have ended, `parallel` of them at a time.

    The user `plain` creates a resource whenever one has ended, `created` creates a sweep of `trials` trials,
    and `resumed` resumes the sweep that is there. A pod ends `seconds` on average after its resource says
    Running: half to one and a half times as long, so that runs that began together do not end together.
    """

    namespace: str
    user: Literal["plain", "created", "resumed"]
    trials: int
    runs: int
    parallel: int
    seconds: float = 0.0


class Player:
    """Follows every run of a namespace by watches of its own, and counts those in flight."""

    def __init__(self, api: Api, order: Order) -> None:
        self.most = 0
        """The largest number of runs that were in flight at the same time."""
        self.mean = 0.0
        """How many were in flight on average, until the last one was created."""
        self.points: list[str] = []
        """The parameters of the trials."""
        self.first_job = 0.0
        """Seconds from the begin to the first Job."""
        self._api = api
        self._order = order
        self._kubelet = Kubelet(api, order.namespace)
        self._resources, self._jobs = (url.format(order.namespace) for url in (COMPRESSION_JOBS, JOBS))
        self._began = 0.0
        self._in_flight: set[str] = set()
        self._run_seconds, self._counted = 0.0, 0.0
        self._running: set[str] = set()
        self._finished: set[str] = set()
        self._job_of: dict[str, str] = {}

    async def play(self, begin: Act, follow: Act) -> float:
        """Return the seconds from `begin` to the last end; each run that ends calls `follow`."""
        jobs, resources = [await self._api.version(url) for url in (self._jobs, self._resources)]
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(self._watch_jobs(group, jobs))
            ended = group.create_task(self._watch_resources(group, resources, follow))
            self._began = self._counted = time.monotonic()
            await begin()
            await ended
            seconds = time.monotonic() - self._began
            watch.cancel()
        return seconds

    async def _watch_jobs(self, group: asyncio.TaskGroup, since: str) -> None:
        async for type_, job in self._api.watch(self._jobs, since):
            if type_ == "ADDED":
                self.first_job = self.first_job or time.monotonic() - self._began
                self._job_of[job["metadata"]["ownerReferences"][0]["name"]] = job["metadata"]["name"]
                group.create_task(self._kubelet.start(job))

    async def _watch_resources(self, group: asyncio.TaskGroup, since: str, follow: Act) -> None:
        async for type_, resource in self._api.watch(self._resources, since):
            name, phase = resource["metadata"]["name"], resource.get("status", {}).get("phase")
            if type_ == "ADDED":
                self._count_time()
                self.mean = self._run_seconds / (self._counted - self._began)
                self._in_flight.add(name)
                self.most = max(self.most, len(self._in_flight))
                self.points.append(resource["metadata"].get("annotations", {}).get(PARAMETERS_ANNOTATION, ""))
            elif phase == "Running" and name not in self._running:
                self._running.add(name)
                group.create_task(self._end(name))
            elif phase == "Failed":
                raise RuntimeError(f"{name} failed: {resource['status']['conditions']}")
            elif phase == "Succeeded" and name not in self._finished:
                self._finished.add(name)
                self._count_time()
                self._in_flight.discard(name)
                if len(self._finished) == self._order.runs:
                    return
                group.create_task(follow())

    def _count_time(self) -> None:
        """Add the time for which so many runs have been in flight."""
        now = time.monotonic()
        self._run_seconds += len(self._in_flight) * (now - self._counted)
        self._counted = now

    async def _end(self, name: str) -> None:
        await asyncio.sleep(self._order.seconds * random.Random(name).uniform(0.5, 1.5))  # noqa: S311 - no secret
        await self._kubelet.end(self._job_of[name])


class Plain:
    """A client that keeps a number of resources in flight."""

    def __init__(self, api: Api, order: Order) -> None:
        self._api = api
        self._url = COMPRESSION_JOBS.format(order.namespace)
        self._parallel = order.parallel
        self._left = iter([f"job-{number}" for number in range(order.runs)])

    async def begin(self) -> None:
        """Create the first ones."""
        await asyncio.gather(*(self.follow() for _ in range(self._parallel)))

    async def follow(self) -> None:
        """Create another one, if one is left."""
        name = next(self._left, None)
        if name is not None:
            await self._api.request("POST", self._url, objects.resource(name))


class Swept:
    """A user whose sweep keeps its trials in flight."""

    def __init__(self, api: Api, order: Order) -> None:
        self._api = api
        self._url = KINDS["scs"].format(order.namespace)
        self._order = order

    async def begin(self) -> None:
        """Create the sweep, or resume it."""
        if self._order.user == "created":
            body = large_sweep(self._order.trials, self._order.parallel)
            await self._api.request("POST", self._url, body)
        else:
            await self._api.request("PATCH", f"{self._url}/{NAME}", {"spec": {"suspend": False}})

    async def follow(self) -> None:
        """Do nothing: the operator creates the next trial."""

    async def finished(self) -> Body:
        """Wait until the sweep has finished, and return it."""
        while True:
            sweep = await self._api.request("GET", f"{self._url}/{NAME}")
            conditions = sweep.get("status", {}).get("conditions", ())
            if any(each["type"] == "Finished" and each["status"] == "True" for each in conditions):
                return sweep
            await asyncio.sleep(_LOOK_SECONDS)


async def main(kubeconfig: Path, order: Order) -> None:
    """Play, and print what was seen."""
    async with Api(kubeconfig) as api:
        player, swept = Player(api, order), Swept(api, order)
        user = Plain(api, order) if order.user == "plain" else swept
        seen = {"seconds": await player.play(user.begin, user.follow)}
        if order.user == "resumed":
            sweep = await swept.finished()
            seen["bytes"] = len(json.dumps(sweep, separators=(",", ":")).encode())
    watched = {
        "first_job": player.first_job,
        "most": player.most,
        "mean": player.mean,
        "points": player.points,
    }
    print(json.dumps({**seen, **watched}))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Order(**json.loads(sys.argv[2]))))
