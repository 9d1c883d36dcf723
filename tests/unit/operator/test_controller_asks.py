"""Jobs and pods that are not in the stores: they are asked for once before anything is done."""

import asyncio

import pytest

from segcompress_operator.errors import GoneError, RefusedError, RetryableError
from segcompress_operator.planning.plan import FIRST_TRY_SECONDS
from segcompress_operator.resources.names import runner_job_name
from unit.operator.fed import REF, versioned
from unit.operator.planned import PUBLISHED
from unit.operator.rounds import COMPLETE, FakeCluster, Round, play
from unit.operator.samples import JOB, OWNER, ended_body, job_body, pod_body, resource_body, result, spec_with


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
