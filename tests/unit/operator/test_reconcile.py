"""The loop around the decisions: one round writes little, and one broken key stops no other."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import pytest

from segcompress_operator.cluster import Cluster, NameTakenError
from segcompress_operator.errors import GoneError, RefusedError, RetryableError
from segcompress_operator.index import Index
from segcompress_operator.planning.job import LOOK_AGAIN_SECONDS
from segcompress_operator.planning.observed import Resource
from segcompress_operator.planning.plan import Announcement, TtlChange
from segcompress_operator.queue import WorkQueue
from segcompress_operator.reconcile import Reconciler
from segcompress_operator.resources.names import short_hash
from unit.operator.samples import (
    NOW,
    SETTINGS,
    at,
    ended_body,
    job_body,
    pod_body,
    resource_body,
    result,
    spec_with,
)

KEY = "vision/demo"
COMPLETE = {"conditions": [{"type": "Complete", "status": "True"}], "completionTime": at(-5)}


class FakeCluster(Cluster):
    """Keeps what was asked of it; `errors` says what a call raises instead."""

    def __init__(self, **errors: Exception) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.errors = errors
        self.refusal = ""
        self.version = 100
        self.status: dict[str, Any] = {}

    def _called(self, name: str, what: Any) -> None:
        self.calls.append((name, what))
        if name in self.errors:
            raise self.errors[name]

    async def create_job(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        self._called("create", manifest["metadata"]["name"])
        body = job_body(int(manifest["metadata"]["labels"]["segcompress.dev/start"]))
        body["metadata"]["creationTimestamp"] = at(0)
        return body

    async def patch_status(self, resource: Resource, patch: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        self._called("status", patch)
        self.version += 1
        body = resource_body(resourceVersion=str(self.version))
        self.status.update(patch)
        body["status"].update(self.status)
        return body

    async def patch_ttl(self, namespace: str, change: TtlChange) -> dict[str, Any]:  # noqa: ARG002
        self._called("ttl", change)
        return job_body(
            status=COMPLETE, spec={"ttlSecondsAfterFinished": change.seconds}, resourceVersion="90"
        )

    async def pod_refusal(self, namespace: str, job_uid: str) -> str:  # noqa: ARG002
        self._called("look", job_uid)
        return self.refusal

    async def post_event(self, resource: Resource, said: Announcement) -> None:  # noqa: ARG002
        self._called("event", said.reason)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.calls]


class Round:
    """One reconciler with its index, queue and cluster."""

    def __init__(self, cluster: FakeCluster) -> None:
        self.cluster = cluster
        self.index = Index([])
        self.index.ready.set()
        self.queue = WorkQueue(jitter=lambda: 1.0)
        self.reconciler = Reconciler(self.index, self.queue, cluster, SETTINGS, lambda: NOW)

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


def test_unknown_key_needs_nothing() -> None:
    async def scene(stage: Round) -> None:
        assert await stage.reconciler.reconcile("vision/none") is None

    assert play(scene).cluster.calls == []


def test_job_is_made_once_even_before_any_watch_tells_of_it() -> None:
    async def scene(stage: Round) -> None:
        stage.index.see_resource(resource_body())
        assert await stage.reconciler.reconcile(KEY) == 1.0
        await stage.reconciler.reconcile(KEY)

    assert play(scene).cluster.names == ["create"]


def test_whole_run_costs_one_post_and_two_patches_where_the_pod_is_quick() -> None:
    async def scene(stage: Round) -> None:
        stage.index.see_resource(resource_body())
        await stage.reconciler.reconcile(KEY)
        stage.index.see_pod(pod_body(state={"running": {}}, phase="Running"))
        await stage.reconciler.reconcile(KEY)
        await stage.reconciler.reconcile(KEY)
        stage.index.see_pod(ended_body(0, result("Succeeded")))
        await stage.reconciler.reconcile(KEY)
        stage.index.see_job(job_body(status=COMPLETE, resourceVersion="80"))
        for _ in range(3):
            await stage.reconciler.reconcile(KEY)

    assert play(scene).cluster.names == ["create", "status", "event", "status", "event"]


def test_ttl_follows_the_status_and_is_set_once() -> None:
    async def scene(stage: Round) -> None:
        stage.index.see_resource(resource_body(spec=spec_with(ttlSecondsAfterFinished=60)))
        stage.index.see_job(job_body(status=COMPLETE))
        stage.index.see_pod(ended_body(0, result("Succeeded")))
        await stage.reconciler.reconcile(KEY)
        done = resource_body(spec=spec_with(ttlSecondsAfterFinished=60), resourceVersion="200")
        done["status"].update(stage.cluster.calls[0][1])
        stage.index.see_resource(done)
        await stage.reconciler.reconcile(KEY)
        await stage.reconciler.reconcile(KEY)

    assert play(scene).cluster.names == ["status", "event", "ttl"]


def test_event_is_not_posted_where_the_status_was_not_written() -> None:
    async def scene(stage: Round) -> None:
        stage.index.see_resource(resource_body())
        stage.index.see_job(job_body())
        stage.index.see_pod(pod_body(state={"running": {}}, phase="Running"))
        with pytest.raises(RetryableError):
            await stage.reconciler.reconcile(KEY)

    assert play(scene, status=RetryableError("busy")).cluster.names == ["status"]


def test_foreign_job_ends_in_a_conflict() -> None:
    async def scene(stage: Round) -> None:
        stage.index.see_resource(resource_body())
        await stage.reconciler.reconcile(KEY)

    stage = play(scene, create=NameTakenError("x"))
    assert stage.condition("Failed") == ("True", "NameConflict")


@pytest.mark.parametrize(
    ("error", "type_", "expected"),
    [
        pytest.param(RefusedError("bad", final=True), "Failed", ("True", "InvalidSpec"), id="for good"),
        pytest.param(
            RefusedError("exceeded quota: q", final=False),
            "Reconciling",
            ("True", "QuotaExceeded"),
            id="for now",
        ),
    ],
)
def test_refused_job_is_reported(error: Exception, type_: str, expected: tuple[str, str]) -> None:
    async def scene(stage: Round) -> None:
        stage.index.see_resource(resource_body())
        again = await stage.reconciler.reconcile(KEY)
        assert again == (None if type_ == "Failed" else LOOK_AGAIN_SECONDS)

    assert play(scene, create=error).condition(type_) == expected


def test_refused_second_start_is_reported_and_not_claimed_in_the_status() -> None:
    async def scene(stage: Round) -> None:
        stage.index.see_resource(resource_body())
        stage.index.see_job(job_body(status=COMPLETE))
        await stage.reconciler.reconcile(KEY)

    stage = play(scene, create=RefusedError("exceeded quota: q", final=False))
    assert stage.cluster.names == ["create", "status"]
    assert stage.condition("Reconciling") == ("True", "QuotaExceeded")
    assert "jobName" not in stage.cluster.calls[1][1]


@pytest.mark.parametrize("errors", [{}, {"look": RefusedError("no right", final=False)}])
def test_job_without_a_pod_is_asked_once_why(errors: dict[str, Exception]) -> None:
    async def scene(stage: Round) -> None:
        stage.cluster.refusal = "exceeded quota: pods"
        stage.index.see_resource(resource_body())
        stage.index.see_job(job_body())
        for _ in range(3):
            await stage.reconciler.reconcile(KEY)

    stage = play(scene, **errors)
    assert stage.cluster.names == ["look", "status"]
    assert stage.condition("Reconciling")[1] == ("Pending" if errors else "QuotaExceeded")


def test_resource_that_is_gone_is_no_error() -> None:
    async def scene(stage: Round) -> None:
        stage.index.see_resource(resource_body())
        assert await stage.reconciler.reconcile(KEY) is None

    play(scene, create=GoneError("namespace not found"))


def test_bug_with_one_key_stops_no_other() -> None:
    async def scene(stage: Round) -> None:
        stage.index.see_resource(resource_body())
        stage.index.see_resource(resource_body(name="other", uid="other-uid"))
        workers = asyncio.create_task(stage.reconciler.run(1))
        stage.queue.add(KEY)
        stage.queue.add("vision/other")
        while len(stage.cluster.calls) < 3:  # noqa: ASYNC110 - the workers tell nobody
            await asyncio.sleep(0)
        assert not workers.done()
        workers.cancel()

    stage = play(scene, create=ZeroDivisionError("a bug"))
    assert {what for _, what in stage.cluster.calls} == {
        "demo-" + _hash("5f1c-uid"),
        "other-" + _hash("other-uid"),
    }


def _hash(uid: str) -> str:
    return f"{short_hash(uid)}-1"
