"""Rounds of one controller, with a cluster that keeps what was asked of it."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from typing import Any

from segcompress_operator.cluster import Cluster
from segcompress_operator.controller import Controller
from segcompress_operator.kinds import JOBS, PODS, Kind, Ref
from segcompress_operator.planning.facts import Facts
from segcompress_operator.planning.job import plan_job
from segcompress_operator.planning.observed import Resource
from segcompress_operator.planning.plan import Announcement, Observed, Plan
from segcompress_operator.queue import WorkQueue
from unit.operator.fed import REF, Fed
from unit.operator.samples import NOW, OWNER, SETTINGS, at, job_body, resource_body, spec_with

Told = list[Facts]
COMPLETE = {"conditions": [{"type": "Complete", "status": "True"}], "completionTime": at(-5)}


def plan(resource: Resource, observed: Observed, now: datetime) -> Plan:
    return plan_job(resource, observed, SETTINGS, now)


class FakeCluster(Cluster):
    """Keeps what was asked of it; `errors` says what a call raises instead."""

    def __init__(self, **errors: Exception) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.errors = errors
        self.refusal = ""
        self.pods: list[dict[str, Any]] = []
        self.version = 100
        self.status: dict[str, Any] = {}
        self.spec = spec_with()
        self.unlabelled = {"some": "label"}

    def _called(self, name: str, what: Any) -> None:
        self.calls.append((name, what))
        if name in self.errors:
            raise self.errors[name]

    async def create(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        self._called("create", manifest["metadata"]["name"])
        body = job_body(int(manifest["metadata"]["labels"]["segcompress.dev/start"]))
        body["metadata"]["creationTimestamp"] = at(0)
        return body

    async def patch_status(
        self, ref: Ref, meta: Mapping[str, str], patch: Mapping[str, Any]
    ) -> dict[str, Any]:
        assert (ref, meta["uid"]) == (REF, OWNER.uid)
        self._called("status", patch)
        self.version += 1
        body = resource_body(resourceVersion=str(self.version), spec=self.spec)
        self.status.update(patch)
        body["status"].update(self.status)
        return body

    async def patch(self, ref: Ref, patch: Mapping[str, Any]) -> dict[str, Any]:
        if "metadata" in patch:
            self._called("relabel", ref.name)
            return job_body(resourceVersion="90", labels={**self.unlabelled, **patch["metadata"]["labels"]})
        self._called("ttl", (ref.kind, patch))
        return job_body(status=COMPLETE, resourceVersion="90", **patch)

    async def delete(self, ref: Ref, uid: str, version: str = "") -> dict[str, Any]:
        self._called("delete", f"{uid} {version}".rstrip())
        assert (ref.kind, ref.name) == (JOBS, job_body()["metadata"]["name"])
        return job_body(deletionTimestamp=at(0), resourceVersion="90")

    async def pod_refusal(self, namespace: str, job_uid: str) -> tuple[str, datetime | None]:  # noqa: ARG002
        self._called("look", job_uid)
        return self.refusal, NOW

    async def get(self, ref: Ref) -> dict[str, Any]:
        self._called("get", ref.name)
        return job_body(labels=self.unlabelled)

    async def find(self, kind: Kind, namespace: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        assert (kind, namespace) == (PODS, OWNER.namespace)
        self._called("list", query["labelSelector"])
        return self.pods

    async def post_event(self, about: Ref, uid: str, said: Announcement) -> None:  # noqa: ARG002
        self._called("event", said.reason)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.calls]


class Round:
    """One controller with what it knows, its queue and cluster."""

    def __init__(self, cluster: FakeCluster) -> None:
        self.cluster = cluster
        self.now = NOW
        self.queue: WorkQueue[Ref] = WorkQueue(jitter=lambda: 1.0)
        self.fed = Fed(self.queue.add)
        self.told = Told()
        self.controller = Controller(self.fed.runs, plan, cluster, lambda: self.now, self.told.append)

    async def reconcile(self) -> float | None:
        return await self.controller.reconcile(REF)

    def condition(self, type_: str) -> tuple[str, str]:
        patches = [what for name, what in self.cluster.calls if name == "status"]
        found = next(c for c in patches[-1]["conditions"] if c["type"] == type_)
        return found["status"], found["reason"]


def play(scene: Callable[[Round], Coroutine[Any, Any, None]], **errors: Exception) -> Round:
    async def scenario() -> Round:
        stage = Round(FakeCluster(**errors))
        await scene(stage)
        stage.queue.close()
        return stage

    return asyncio.run(scenario())
