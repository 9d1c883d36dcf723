"""The loop around the decisions: one round writes little, and one broken key stops no other."""

import asyncio
import json
import logging

import pytest

from segcompress_api.naming import short_hash
from segcompress_operator.controller import Reconciler, Workers
from segcompress_operator.errors import GoneError, RetryableError
from segcompress_operator.kinds import SWEEPS, Kind, Ref
from segcompress_operator.logs import JsonFormatter
from segcompress_operator.planning.starting import WATCH_LAG_SECONDS
from segcompress_operator.queue import WorkQueue
from unit.operator.fed import REF
from unit.operator.rounds import COMPLETE, Round, play
from unit.operator.samples import at, ended_body, job_body, pod_body, resource_body, result, spec_with


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
        group = Workers(
            {REF.kind: stage.queue}, {REF.kind: stage.controller}, lambda _, error: errors.append(error)
        )
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


def test_no_run_waits_for_the_reconciliation_of_a_sweep() -> None:
    """A sweep's lasts a second while it creates trials; many sweeps would occupy every worker."""
    begun = asyncio.Event()

    class Endless:
        async def reconcile(self, _: Ref) -> float | None:
            begun.set()
            await asyncio.Event().wait()
            return None

    async def scene(stage: Round) -> None:
        sweeps: WorkQueue[Ref] = WorkQueue()
        controllers: dict[Kind, Reconciler] = {SWEEPS: Endless(), REF.kind: stage.controller}
        workers = asyncio.create_task(Workers({SWEEPS: sweeps, REF.kind: stage.queue}, controllers).run(1))
        for name in "ab":
            sweeps.add(Ref(SWEEPS, REF.namespace, name))
        await begun.wait()
        stage.fed.resources.seen(resource_body())
        async with asyncio.timeout(60):
            while not stage.cluster.calls:  # noqa: ASYNC110 - the workers tell nobody
                await asyncio.sleep(0)
        workers.cancel()

    assert play(scene).cluster.names[0] == "create"


@pytest.mark.parametrize(("kind", "field"), [(REF.kind, "job"), (SWEEPS, "sweep")])
def test_log_lines_name_what_is_reconciled(kind: Kind, field: str) -> None:
    lines: list[str] = []

    class Logging:
        async def reconcile(self, ref: Ref) -> float | None:
            record = logging.LogRecord("operator", logging.INFO, "f.py", 1, str(ref), None, None)
            lines.append(JsonFormatter().format(record))
            return None

    async def scene() -> None:
        queue: WorkQueue[Ref] = WorkQueue()
        queue.add(Ref(kind, "vision", "demo"))
        workers = asyncio.create_task(Workers({kind: queue}, {kind: Logging()}).run(1))
        while not lines:  # noqa: ASYNC110 - the workers tell nobody
            await asyncio.sleep(0)
        workers.cancel()

    asyncio.run(scene())
    named = {"job", "sweep"} & json.loads(lines[0]).keys()
    assert named == {field}


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


def test_run_that_has_ended_keeps_its_own_job_if_a_watch_tells_late_of_the_jobs_end() -> None:
    """The API server deletes no other version than the one that was observed."""
    finished = {"type": "Finished", "status": "True", "lastTransitionTime": at(-300)}

    async def scene(stage: Round) -> None:
        stage.fed.resources.seen(resource_body(status={"observedGeneration": 1, "conditions": [finished]}))
        stage.fed.jobs.seen(job_body(resourceVersion="70"))
        with pytest.raises(RetryableError):
            await stage.reconcile()
        stage.fed.jobs.seen(job_body(status=COMPLETE, resourceVersion="80"))
        await stage.reconcile()

    assert play(scene, delete=RetryableError("conflict")).cluster.calls == [("delete", "job-1 70")]
