"""A client without logic that sends an operator's requests: what the API server and Python allow at most.

    python -m bench.operator.reference KUBECONFIG NAMESPACE

For each resource: POST of a Job, PATCH to Running with an Event, PATCH to the end with an Event. It keeps
names alone, reads no field but those that tell it when, and learns nothing from a LIST.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from integration.operator.async_api import COMPRESSION_JOBS, EVENTS, JOBS, PODS, Api, Body

Sample = dict[str, Any]


class Reference:
    """Sends what a real run was seen to send (`sample`), with names and uids replaced."""

    def __init__(self, api: Api, namespace: str, sample: Sample) -> None:
        self._api = api
        self._sample = sample
        self._namespace = namespace
        self._resources, self._children, self._pods, self._events = (
            url.format(namespace) for url in (COMPRESSION_JOBS, JOBS, PODS, EVENTS)
        )
        self._owners: dict[str, Body] = {}
        self._said: set[tuple[str, str]] = set()

    async def run(self) -> None:
        """Answer every change until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._on_resources(group))
            group.create_task(self._on_pods(group))
            group.create_task(self._on_jobs(group))

    async def _on_resources(self, group: asyncio.TaskGroup) -> None:
        async for type_, resource in self._api.watch(self._resources):
            if type_ == "ADDED":
                group.create_task(self._create(resource["metadata"]))

    async def _on_pods(self, group: asyncio.TaskGroup) -> None:
        async for _, pod in self._api.watch(self._pods):
            if pod.get("status", {}).get("phase") == "Running":
                self._tell(group, pod["metadata"]["ownerReferences"][0]["name"], "running")

    async def _on_jobs(self, group: asyncio.TaskGroup) -> None:
        async for _, job in self._api.watch(self._children):
            if job.get("status", {}).get("succeeded"):
                self._tell(group, job["metadata"]["name"], "succeeded")

    def _tell(self, group: asyncio.TaskGroup, job: str, what: str) -> None:
        if (job, what) not in self._said:
            self._said.add((job, what))
            group.create_task(self._patch(self._owners[job], what))

    async def _create(self, meta: Body) -> None:
        job = {**self._sample["job"], "metadata": {**self._sample["job"]["metadata"]}}
        name = f"{meta['name']}-abcde-1"
        owner = {"apiVersion": "segcompress.dev/v1alpha1", "kind": "SegCompressionJob", "controller": True}
        owner |= {"name": meta["name"], "uid": meta["uid"]}
        job["metadata"] |= {"name": name, "namespace": self._namespace, "ownerReferences": [owner]}
        self._owners[name] = meta
        await self._api.request("POST", self._children, job)

    async def _patch(self, meta: Body, what: str) -> None:
        url = f"{self._resources}/{meta['name']}/status"
        await self._api.request("PATCH", url, {"status": self._sample[what]})
        about = {"apiVersion": "segcompress.dev/v1alpha1", "kind": "SegCompressionJob"}
        about |= {"namespace": self._namespace, "name": meta["name"], "uid": meta["uid"]}
        name = {"name": f"{meta['name']}.{what}", "namespace": self._namespace}
        await self._api.request(
            "POST", self._events, {"metadata": name, "involvedObject": about, "reason": what, "message": what}
        )


async def main(kubeconfig: Path, namespace: str, sample: Sample) -> None:
    """Run until killed."""
    async with Api(kubeconfig) as api:
        await Reference(api, namespace, sample).run()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], json.loads(Path(sys.argv[3]).read_text())))
