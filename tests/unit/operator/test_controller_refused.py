"""Requests that are refused, or get no answer, and what the status says of them."""

from datetime import timedelta

import pytest

from segcompress_operator.cluster import NameTakenError
from segcompress_operator.errors import RefusedError, RetryableError
from segcompress_operator.planning.plan import FIRST_TRY_SECONDS
from unit.operator.planned import waiting
from unit.operator.rounds import COMPLETE, Round, play
from unit.operator.samples import job_body, pod_body, resource_body, spec_with


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
