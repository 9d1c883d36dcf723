"""Sweeps with events fed by a test, and a fake cluster that records its calls."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from segcompress_operator.cluster import Cluster
from segcompress_operator.errors import RetryableError
from segcompress_operator.kinds import COMPRESSION_JOBS, SWEEPS, Kind, Ref
from segcompress_operator.planning.plan import Announcement
from segcompress_operator.planning.sweeps.observed import Sweep, SweepObserved
from segcompress_operator.planning.sweeps.plan import SweepPlan, plan_sweep
from segcompress_operator.sweep_controller import SweepController
from segcompress_operator.sweeps import Sweeps
from unit.operator.fed import Fed, versioned
from unit.operator.samples import NOW, SETTINGS
from unit.operator.sweeps.sweep_samples import (
    NAMES,
    SWEEP,
    P,
    child_body,
    ended,
    sweep_body,
)

REF = Ref(SWEEPS, SWEEP.namespace, SWEEP.name)
Body = dict[str, Any]


def plan(sweep: Sweep, observed: SweepObserved, now: datetime) -> SweepPlan:
    return plan_sweep(sweep, observed, SETTINGS, now)


class FedSweeps:
    """Sweeps and jobs that a test feeds by hand; `woken` holds each wake-up with its delay."""

    def __init__(self, *, listed: bool = True) -> None:
        self.woken: list[tuple[Ref, float]] = []
        self.time = 1000.0
        self.fed = Fed(listed=False)
        self.sweeps = Sweeps(self._wake, self.fed.runs, lambda: self.time)
        self.fed.runs.parents = self.sweeps
        self.sink = self.sweeps.sinks()[SWEEPS]
        if listed:
            self.sink.listed(None, "1", set())
            self.list_jobs()

    def _wake(self, ref: Ref, seconds: float) -> None:
        self.woken.append((ref, seconds))

    def list_jobs(self) -> None:
        for sink in (self.fed.resources, self.fed.jobs, self.fed.pods):
            sink.listed(None, "1", set())

    @property
    def waking(self) -> list[Ref]:
        """Return the keys that were woken since the last call."""
        woken = [ref for ref, _ in self.woken]
        self.woken.clear()
        return woken


class FakeCluster(Cluster):
    """Records its calls; `errors` are raised instead."""

    def __init__(self, fed: FedSweeps, **errors: Exception) -> None:
        self.fed = fed
        self.calls: list[tuple[str, Any]] = []
        self.errors = errors
        self.version = 100
        self.status: Body = {}
        self.spec: Body | None = None

    def _called(self, name: str, what: Any) -> None:
        self.calls.append((name, what))
        if name in self.errors:
            raise self.errors[name]

    async def create(self, manifest: Mapping[str, Any]) -> Body:
        self._called("create", manifest["metadata"]["name"])
        index = int(manifest["metadata"]["labels"]["segcompress.dev/trial"])
        point = json.loads(manifest["metadata"]["annotations"]["segcompress.dev/parameters"])
        return versioned(child_body(index, point), 50)

    async def get(self, ref: Ref) -> Body:
        assert ref.kind == COMPRESSION_JOBS
        self._called("get", ref.name)
        index = NAMES.index(ref.name)
        return versioned(child_body(index, P[index]), 50)

    async def pages(self, kind: Kind, namespace: str, query: Mapping[str, str]) -> AsyncIterator[list[Body]]:
        assert (kind, namespace) == (COMPRESSION_JOBS, SWEEP.namespace)
        self._called("pages", query["labelSelector"])
        for name in ("one", "two"):
            yield [known_body(name)]

    async def patch(self, ref: Ref, patch: Mapping[str, Any]) -> Body:
        assert ref.kind == COMPRESSION_JOBS
        self._called("patch", (ref.name, patch))
        return versioned(child_body(NAMES.index(ref.name), P[0], suspend=patch["spec"]["suspend"]), 50)

    async def patch_status(self, ref: Ref, meta: Mapping[str, str], patch: Mapping[str, Any]) -> Body:
        assert (ref, meta["uid"]) == (REF, SWEEP.uid)
        self._called("status", patch)
        self.version += 1
        self.status.update(patch)
        return sweep_body(self.spec, self.status, resourceVersion=str(self.version))

    async def post_event(self, about: Ref, uid: str, said: Announcement) -> None:  # noqa: ARG002
        self._called("event", said.reason)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.calls]


def known_body(name: str) -> Body:
    """Return a job that ended before the sweep was created, at its first point."""
    body = child_body(0, P[0], ended(miou=0.95, latency=9))
    body["spec"]["strategy"]["UnstructurePrune"]["ratio"] = float(P[0]["ratio"])
    meta = {"name": name, "namespace": SWEEP.namespace, "uid": name, "resourceVersion": "5"}
    return {**body, "spec": {**body["spec"], "seed": int(P[0]["seed"])}, "metadata": meta}


def round_of(spec: Body | None = None, *children: Body, **errors: Exception) -> tuple[FakeCluster, Any]:
    """Reconcile the sample sweep once; return the calls to the cluster and the result."""
    fed = FedSweeps()
    fed.sink.seen(sweep_body(spec))
    for body in children:
        fed.fed.resources.seen(body)
    cluster = FakeCluster(fed, **errors)
    controller = SweepController(fed.sweeps, plan, cluster, lambda: NOW)
    try:
        return cluster, asyncio.run(controller.reconcile(REF))
    except RetryableError as error:
        return cluster, error
