"""Fills a namespace with finished resources, each with its Job and Pod, as a real run leaves them.

python -m bench.operator.finished KUBECONFIG NAMESPACE COUNT SAMPLE
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from bench.operator import objects
from bench.operator.api import COMPRESSION_JOBS, JOBS, PODS, Api

from segcompress_operator.resources.names import labels, runner_job_name

AT_ONCE = 64


async def finish(api: Api, namespace: str, name: str, sample: dict[str, Any]) -> None:
    """Make one resource, its Job and its Pod, all of them ended."""
    resources, jobs, pods = (url.format(namespace) for url in (COMPRESSION_JOBS, JOBS, PODS))
    made = await api.request("POST", resources, objects.resource(name))
    uid = made["metadata"]["uid"]
    job_name = runner_job_name(name, uid, 1)
    owner = {"apiVersion": "segcompress.dev/v1alpha1", "kind": "SegCompressionJob", "controller": True}
    meta = {
        "name": job_name,
        "labels": labels(name, 1),
        "ownerReferences": [{**owner, "name": name, "uid": uid}],
    }
    job = await api.request("POST", jobs, {**sample["job"], "metadata": meta})
    await api.request("PATCH", f"{jobs}/{job_name}/status", objects.job_active())
    pod = await api.request("POST", pods, objects.pod_of(job))
    await api.request("PATCH", f"{pods}/{pod['metadata']['name']}/status", objects.pod_succeeded())
    await api.request("PATCH", f"{jobs}/{job_name}/status", objects.job_complete())
    await api.request("PATCH", f"{resources}/{name}/status", {"status": sample["succeeded"]})


async def main(kubeconfig: Path, namespace: str, count: int, sample: dict[str, Any]) -> None:
    """Make `count` of them."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> None:
        async with turn:
            await finish(api, namespace, name, sample)

    async with Api(kubeconfig) as api, asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(one(f"done-{number}"))


if __name__ == "__main__":
    wanted = json.loads(Path(sys.argv[4]).read_text())
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), wanted))
