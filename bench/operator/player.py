"""Plays user, Job controller and kubelet to whichever client serves the namespace, as Kueue's benchmark does.

    python -m bench.operator.player KUBECONFIG NAMESPACE KIND FIRST JOBS [JOBS_PER_SECOND]

Creates JOBS resources, numbered from FIRST on, all at once or at that rate, and ends once all are terminal.
A pod ends when the resource says Running, so that every subject has the same writes to make. Prints one
JSON object.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from bench.operator.kinds import KINDS, Kind

from integration.operator import objects
from integration.operator.async_api import JOBS, PODS, Api, Body


class Kubelet:
    """Makes the pods of a namespace's Jobs and ends them, as Job controller and kubelet would."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._jobs, self._pods = JOBS.format(namespace), PODS.format(namespace)

    async def start(self, job: Body) -> None:
        """Make the Job's pod, and let it run."""
        pod = await self._api.request("POST", self._pods, objects.pod_of(job))
        status = f"{self._jobs}/{job['metadata']['name']}/status"
        await self._api.request("PATCH", status, objects.job_active())
        await self._api.request(
            "PATCH", f"{self._pods}/{pod['metadata']['name']}/status", objects.pod_running()
        )

    async def end(self, job: str) -> None:
        """Let the Job's pod end well, and then the Job."""
        ended = objects.pod_ended(0, objects.SUCCEEDED)
        await self._api.request("PATCH", f"{self._pods}/{job}-x7k2p/status", ended)
        await self._api.request("PATCH", f"{self._jobs}/{job}/status", objects.job_complete())


class Player:
    """One run of `jobs` resources of a kind."""

    def __init__(self, api: Api, namespace: str, kind: Kind, numbers: range) -> None:
        self.waits: list[float] = []
        """Seconds from sending each resource to seeing its Job."""
        self._api = api
        self._kind = kind
        self._numbers = numbers
        self._kubelet = Kubelet(api, namespace)
        self._resources, self._children = kind.url.format(namespace), JOBS.format(namespace)
        self._sent: dict[str, float] = {}
        self._ended: set[str] = set()
        self._finished: set[str] = set()
        self._child_of: dict[str, str] = {}
        self._starts: dict[str, asyncio.Task[None]] = {}

    async def play(self, per_second: float) -> float:
        """Return the seconds from the first resource created to the last one terminal."""
        # Watches begin before the first resource is created: a Job that came sooner would never be seen.
        children, resources = [await self._api.version(url) for url in (self._children, self._resources)]
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(self._watch_jobs(group, children))
            ended = group.create_task(self._watch_resources(group, resources))
            began = time.monotonic()
            for position, number in enumerate(self._numbers):
                if per_second:
                    await asyncio.sleep(began + position / per_second - time.monotonic())
                group.create_task(self._create(f"job-{number}"))
            await ended
            seconds = time.monotonic() - began
            watch.cancel()
        return seconds

    async def _create(self, name: str) -> None:
        self._sent[name] = time.monotonic()
        await self._api.request("POST", self._resources, self._kind.make(name))

    async def _watch_jobs(self, group: asyncio.TaskGroup, since: str) -> None:
        async for type_, job in self._api.watch(self._children, since):
            if type_ == "ADDED":
                owner = job["metadata"]["ownerReferences"][0]["name"]
                self.waits.append(time.monotonic() - self._sent[owner])
                self._child_of[owner] = job["metadata"]["name"]
                self._starts[owner] = group.create_task(self._kubelet.start(job))

    async def _watch_resources(self, group: asyncio.TaskGroup, since: str) -> None:
        async for _, resource in self._api.watch(self._resources, since):
            name, phase = resource["metadata"]["name"], self._kind.phase(resource)
            if phase == "Running" and name not in self._ended:
                self._ended.add(name)
                group.create_task(self._end(name))
            elif phase == "Failed":
                raise RuntimeError(f"{name} failed: {resource['status']['conditions']}")
            elif phase == "Succeeded":
                self._finished.add(name)
                if len(self._finished) == len(self._numbers):
                    return

    async def _end(self, name: str) -> None:
        """End the resource's pod once it runs; a JobSet says so as soon as its Job is active."""
        await self._starts[name]
        await self._kubelet.end(self._child_of[name])


async def main(kubeconfig: Path, namespace: str, kind: Kind, numbers: range, per_second: float) -> None:
    """Play one run and print what it took."""
    async with Api(kubeconfig) as api:
        player = Player(api, namespace, kind, numbers)
        seconds = await player.play(per_second)
    print(json.dumps({"seconds": seconds, "cpu": time.process_time(), "waits": player.waits}))


if __name__ == "__main__":
    path, place, served, first, count, *rate = sys.argv[1:]
    wanted = range(int(first), int(first) + int(count))
    asyncio.run(main(Path(path), place, KINDS[served], wanted, float(rate[0]) if rate else 0.0))
