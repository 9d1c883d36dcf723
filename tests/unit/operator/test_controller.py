"""The loop around the decisions: one round writes little, and one broken key stops no other."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from segcompress_api.naming import short_hash
from segcompress_operator.cluster import Cluster, NameTakenError
from segcompress_operator.controller import Controller, Workers
from segcompress_operator.errors import GoneError, RefusedError, RetryableError
from segcompress_operator.kinds import JOBS, PODS, Kind, Ref
from segcompress_operator.planning.facts import Facts
from segcompress_operator.planning.job import plan_job
from segcompress_operator.planning.observed import Resource
from segcompress_operator.planning.plan import FIRST_TRY_SECONDS, Announcement, Observed, Plan
from segcompress_operator.planning.starting import WATCH_LAG_SECONDS
from segcompress_operator.queue import WorkQueue
from segcompress_operator.resources.names import runner_job_name
from unit.operator.fed import REF, Fed, versioned
from unit.operator.planned import PUBLISHED, waiting
from unit.operator.samples import (
    JOB,
    NOW,
    OWNER,
    SETTINGS,
    at,
    ended_body,
    job_body,
    pod_body,
    resource_body,
    result,
    spec_with,
)

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

    async def delete(self, ref: Ref, uid: str) -> dict[str, Any]:
        self._called("delete", uid)
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


def test_unknown_key_needs_nothing() -> None:
    async def scene(stage: Round) -> None:
        assert await stage.reconcile() is None

    assert play(scene).cluster.calls == []


def test_job_is_made_once_even_before_any_watch_tells_of_it() -> None:
    async def scene(stage: Round) -> None:
        stage.fed.resources.seen(resource_body())
        assert await stage.reconcile() == WATCH_LAG_SECONDS
        await stage.reconcile()

    assert play(scene).cluster.names == ["create"]


def test_whole_run_costs_one_post_and_two_patches_where_the_pod_is_quick() -> None:
    async def scene(stage: Round) -> None:
        stage.fed.resources.seen(resource_body())
        await stage.reconcile()
        stage.fed.pods.seen(pod_body(state={"running": {}}, phase="Running"))
        await stage.reconcile()
        await stage.reconcile()
        stage.fed.pods.seen(ended_body(0, result("Succeeded")))
        await stage.reconcile()
        stage.fed.jobs.seen(job_body(status=COMPLETE, resourceVersion="80"))
        for _ in range(3):
            await stage.reconcile()

    assert play(scene).cluster.names == ["create", "status", "event", "status", "event"]


def test_ttl_follows_the_status_and_is_set_once() -> None:
    async def scene(stage: Round) -> None:
        stage.fed.resources.seen(resource_body(spec=spec_with(ttlSecondsAfterFinished=60)))
        stage.fed.jobs.seen(job_body(status=COMPLETE))
        stage.fed.pods.seen(ended_body(0, result("Succeeded")))
        await stage.reconcile()
        done = resource_body(spec=spec_with(ttlSecondsAfterFinished=60), resourceVersion="200")
        done["status"].update(stage.cluster.calls[0][1])
        stage.fed.resources.seen(done)
        await stage.reconcile()
        await stage.reconcile()

    assert play(scene).cluster.names == ["status", "event", "ttl"]


def test_end_is_told_once_after_its_write() -> None:
    async def scene(stage: Round) -> None:
        stage.fed.resources.seen(resource_body())
        stage.fed.jobs.seen(job_body(status=COMPLETE))
        stage.fed.pods.seen(ended_body(0, result("Succeeded")))
        for _ in range(3):
            await stage.reconcile()

    (told,) = play(scene).told
    assert [attempt.reason for attempt in told.attempts] == ["Succeeded"]
    assert told.run is not None
    assert told.run.phase == "Succeeded"


def test_event_is_not_posted_where_the_status_was_not_written() -> None:
    async def scene(stage: Round) -> None:
        stage.fed.resources.seen(resource_body())
        stage.fed.jobs.seen(job_body())
        stage.fed.pods.seen(pod_body(state={"running": {}}, phase="Running"))
        with pytest.raises(RetryableError):
            await stage.reconcile()

    stage = play(scene, status=RetryableError("busy"))
    assert stage.cluster.names == ["status"]
    assert stage.told == []


def test_foreign_job_ends_in_a_conflict() -> None:
    async def scene(stage: Round) -> None:
        stage.fed.resources.seen(resource_body())
        await stage.reconcile()

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
        stage.fed.resources.seen(resource_body())
        again = await stage.reconcile()
        assert again == (None if type_ == "Failed" else FIRST_TRY_SECONDS)

    assert play(scene, create=error).condition(type_) == expected


def test_refused_second_start_is_reported_and_not_claimed_in_the_status() -> None:
    async def scene(stage: Round) -> None:
        stage.fed.resources.seen(resource_body())
        stage.fed.jobs.seen(job_body(status=COMPLETE))
        await stage.reconcile()

    stage = play(scene, create=RefusedError("exceeded quota: q", final=False))
    assert stage.cluster.names == ["list", "create", "status"]
    assert stage.condition("Reconciling") == ("True", "QuotaExceeded")
    assert "jobName" not in stage.cluster.calls[2][1]


def test_result_counts_as_lost_only_after_the_api_server_was_asked_for_its_pod() -> None:
    """The watch of pods stalls: the Job's end is seen, its pod's is not."""

    async def scene(stage: Round) -> None:
        stage.fed.resources.seen(resource_body())
        stage.fed.jobs.seen(job_body(status=COMPLETE))
        stage.fed.pods.seen(pod_body(state={"running": {}}, phase="Running"))
        stage.cluster.pods = [versioned(ended_body(0, result("Succeeded", **PUBLISHED)), 50)]
        await stage.reconcile()

    stage = play(scene)
    assert stage.cluster.names == ["list", "status", "event"]
    assert stage.cluster.calls[0][1] == "batch.kubernetes.io/controller-uid=job-1"
    assert stage.condition("Complete") == ("True", "Succeeded")


WITH_JOB = {"start": 1, "jobName": JOB}


def without_job(**errors: Exception) -> Round:
    """Return the round of a run whose Job is not in the store; by default it is gone."""
    stage = Round(FakeCluster(**{"get": GoneError("jobs not found"), **errors}))
    stage.fed.resources.seen(resource_body(status=WITH_JOB))
    return stage


def test_orphaned_pods_are_listed_once_and_wake_their_run() -> None:
    async def scene(stage: Round) -> None:
        body = versioned(pod_body("left"), 40)
        stage.fed.pods.seen(body)
        stage.cluster.pods = [body]
        assert await stage.reconcile() is None
        selector = f"segcompress.dev/job-name,batch.kubernetes.io/job-name in ({JOB})"
        assert stage.cluster.calls[:2] == [("get", JOB), ("list", selector)]
        assert await stage.reconcile() is None
        assert stage.cluster.names == ["get", "list", "status"]
        stage.queue.done(await stage.queue.get())
        stage.fed.pods.seen(versioned(ended_body(137, name="left"), 41))
        assert await stage.queue.get() == REF
        await stage.reconcile()

    stage = without_job()
    asyncio.run(scene(stage))
    assert stage.cluster.calls[3:] == [("create", JOB)]


def test_second_start_that_is_gone_is_asked_for_in_the_round_that_finds_the_first_result_lost() -> None:
    """The operator restarted and has asked for nothing: no event would wake the run for the second start."""
    second = runner_job_name(OWNER.name, OWNER.uid, 2)
    stage = Round(FakeCluster(get=GoneError("jobs not found")))
    status = {"start": 2, "jobName": second, "attempts": {"failed": 0, "preempted": 0}}
    stage.fed.resources.seen(resource_body(spec=spec_with(suspend=True), status=status))
    stage.fed.jobs.seen(job_body(status=COMPLETE))
    asyncio.run(stage.reconcile())
    assert stage.cluster.calls[1] == ("get", second)
    assert stage.condition("Suspended") == ("True", "Suspended")


def test_job_that_lost_its_labels_gets_them_back_and_is_followed() -> None:
    stage = Round(FakeCluster())
    stage.fed.resources.seen(resource_body(status=WITH_JOB))
    asyncio.run(stage.reconcile())
    assert stage.cluster.calls[:2] == [("get", JOB), ("relabel", JOB)]
    assert stage.cluster.names[2:] == ["status"]


def test_job_that_lost_its_labels_is_deleted_where_its_run_is_suspended() -> None:
    stage = Round(FakeCluster())
    stage.cluster.spec = spec_with(suspend=True)
    stage.fed.resources.seen(resource_body(spec=stage.cluster.spec, status=WITH_JOB))
    asyncio.run(stage.reconcile())
    assert stage.cluster.names == ["get", "relabel", "status", "event", "delete"]


def test_labels_that_are_taken_away_again_are_told_and_nothing_is_made() -> None:
    stage = Round(FakeCluster(relabel=RefusedError("a webhook takes labels away", final=False)))
    stage.fed.resources.seen(resource_body(status=WITH_JOB))
    assert asyncio.run(stage.reconcile()) == FIRST_TRY_SECONDS
    assert stage.cluster.names == ["get", "relabel", "status"]
    assert "a webhook takes labels away" in str(stage.cluster.calls[2])


def test_run_is_not_said_to_be_suspended_while_its_job_cannot_be_found_again() -> None:
    stage = Round(FakeCluster(relabel=RefusedError("a webhook takes labels away", final=False)))
    stage.fed.resources.seen(resource_body(spec=spec_with(suspend=True), status=WITH_JOB))
    with pytest.raises(RefusedError):
        asyncio.run(stage.reconcile())
    assert stage.cluster.names == ["get", "relabel"]


def test_job_that_went_before_any_status_named_it_is_asked_for() -> None:
    async def scene(stage: Round) -> None:
        stage.fed.resources.seen(resource_body())
        stage.fed.jobs.seen(job_body())
        stage.fed.jobs.gone(versioned(job_body(), 30))
        stage.cluster.pods = [pod_body("left")]
        await stage.reconcile()

    stage = play(scene, get=GoneError("jobs not found"))
    assert stage.cluster.names == ["get", "list", "status"]
    assert stage.condition("Reconciling") == ("True", "Pending")


def test_result_is_not_lost_while_its_pod_cannot_be_asked_for() -> None:
    async def scene(stage: Round) -> None:
        stage.fed.resources.seen(resource_body())
        stage.fed.jobs.seen(job_body(status=COMPLETE))
        with pytest.raises(RetryableError):
            await stage.reconcile()

    assert play(scene, list=RetryableError("no answer")).cluster.names == ["list"]


@pytest.mark.parametrize("errors", [{}, {"look": RefusedError("no right", final=False)}])
def test_job_without_a_pod_is_asked_once_why(errors: dict[str, Exception]) -> None:
    async def scene(stage: Round) -> None:
        stage.cluster.refusal = "exceeded quota: pods"
        stage.fed.resources.seen(resource_body())
        stage.fed.jobs.seen(job_body())
        for _ in range(3):
            await stage.reconcile()

    stage = play(scene, **errors)
    assert stage.cluster.names == ["look", "status"]
    assert stage.condition("Reconciling")[1] == ("Pending" if errors else "QuotaExceeded")


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(RetryableError("POST: etcdserver: request timed out"), id="500"),
        pytest.param(RetryableError("POST: the API server does not answer: TimeoutError()"), id="time-out"),
    ],
)
def test_job_that_the_api_server_cannot_take_is_told_from_the_first_round(error: RetryableError) -> None:
    async def scene(stage: Round) -> None:
        stage.fed.resources.seen(resource_body())
        for _ in range(2):
            with pytest.raises(RetryableError):
                await stage.reconcile()
            stage.now += timedelta(seconds=1)

    stage = play(scene, create=error)
    assert stage.cluster.names == ["create", "status", "create"]
    assert stage.condition("Reconciling") == ("True", "Pending")
    (ready,) = (c for c in stage.cluster.calls[1][1]["conditions"] if c["type"] == "Ready")
    assert str(error) in ready["message"]


def test_deadline_holds_while_no_job_can_be_made() -> None:
    async def scene(stage: Round) -> None:
        stage.fed.resources.seen(resource_body(spec=spec_with(activeDeadlineSeconds=30), status=waiting(-30)))
        with pytest.raises(RetryableError):
            await stage.reconcile()

    stage = play(scene, create=RetryableError("POST: HTTP status 500"))
    assert stage.condition("Failed") == ("True", "DeadlineExceeded")


def test_resource_that_is_gone_is_no_error() -> None:
    async def scene(stage: Round) -> None:
        stage.fed.resources.seen(resource_body())
        assert await stage.reconcile() is None

    play(scene, create=GoneError("namespace not found"))


def test_bug_with_one_key_stops_no_other() -> None:
    errors: list[Exception | None] = []

    async def scene(stage: Round) -> None:
        stage.fed.resources.seen(resource_body())
        stage.fed.resources.seen(resource_body(name="other", uid="other-uid"))
        group = Workers(stage.queue, {REF.kind: stage.controller}, lambda _, error: errors.append(error))
        workers = asyncio.create_task(group.run(1))
        while len(stage.cluster.calls) < 3:  # noqa: ASYNC110 - the workers tell nobody
            await asyncio.sleep(0)
        assert not workers.done()
        workers.cancel()

    stage = play(scene, create=ZeroDivisionError("a bug"))
    assert {what for _, what in stage.cluster.calls} == {
        "demo-" + _hash("5f1c-uid"),
        "other-" + _hash("other-uid"),
    }
    assert len(errors) >= 2
    assert all(isinstance(error, ZeroDivisionError) for error in errors)


def _hash(uid: str) -> str:
    return f"{short_hash(uid)}-1"


async def suspend(stage: Round) -> None:
    """Suspend a run whose Job stands, in one round."""
    stage.cluster.spec = spec_with(suspend=True)
    stage.fed.resources.seen(resource_body(spec=stage.cluster.spec))
    stage.fed.jobs.seen(job_body())
    await stage.reconcile()


def test_suspension_stands_in_the_status_before_the_job_is_deleted() -> None:
    """So that nothing is deleted on an outdated view: it is written under the version that was seen."""

    async def outdated(stage: Round) -> None:
        with pytest.raises(RetryableError):
            await suspend(stage)

    assert play(suspend).cluster.calls[1:] == [("event", "Suspended"), ("delete", "job-1")]
    assert play(outdated, status=RetryableError("conflict")).cluster.names == ["status"]


def test_job_that_is_gone_before_it_is_deleted_is_no_fault() -> None:
    async def scene(stage: Round) -> None:
        await suspend(stage)
        assert stage.queue._failures == {}

    assert play(scene, delete=GoneError("gone")).cluster.names == ["status", "event", "delete"]


def test_deleted_job_is_not_deleted_again_before_a_watch_tells_of_it() -> None:
    async def scene(stage: Round) -> None:
        await suspend(stage)
        await stage.reconcile()

    assert play(scene).cluster.names == ["status", "event", "delete"]
