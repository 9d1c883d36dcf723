"""How a run ends, and what follows its end."""

from dataclasses import replace
from typing import Any

import pytest

from segcompress_api.status import Attempts
from segcompress_operator.planning.job import plan_job
from segcompress_operator.planning.observed import Resource
from segcompress_operator.planning.plan import Deletion, Observed, Plan, TtlChange
from unit.operator.planned import PUBLISHED, RUNNING, conditions, failure, plan, reconciling, status_of
from unit.operator.samples import (
    JOB,
    NOW,
    SETTINGS,
    at,
    complete_job,
    ended_pod,
    failed_job,
    make_job,
    make_resource,
    pending_pod,
    result,
    running_pod,
    spec_with,
)


@pytest.mark.parametrize("reason", ["Succeeded", "Reused"])
def test_success_keeps_metrics_and_artifacts(reason: str) -> None:
    pod = ended_pod(0, result(reason, "mIoU 0.92", **PUBLISHED))
    made = plan(Observed(jobs=(complete_job(),), pods=(pod,)), status=RUNNING)
    true = {name for name, status in conditions(made).items() if status == "True"}
    assert true == {"Complete", "Finished", "Ready", "Accepted"}
    assert status_of(made).phase == "Succeeded"
    assert status_of(made).metrics is not None
    assert status_of(made).artifacts is not None
    assert status_of(made).completion_time == at(-5)
    (said,) = made.announcements
    text = "mIoU 0.92" if reason == "Succeeded" else "Reused: mIoU 0.92"
    assert (said.type, said.reason, said.message) == ("Normal", "Succeeded", text)
    assert made.ttl == ()


@pytest.mark.parametrize(
    ("job", "pods", "reason", "words"),
    [
        *(
            pytest.param(
                failed_job("PodFailurePolicy"),
                (ended_pod(3, result(word, "what is wrong")),),
                word,
                "what is wrong",
                id=word,
            )
            for word in ("InvalidSpec", "InputNotFound", "InvalidInput", "StorageAccessDenied")
        ),
        pytest.param(
            failed_job("BackoffLimitExceeded", failed=3),
            (ended_pod(1, name="a"), ended_pod(6, result("StorageUnreachable", "no answer"), name="b")),
            "BackoffLimitExceeded",
            "3 pod(s) failed, spec.backoffLimit is 2; the last: StorageUnreachable: no answer",
            id="retries used up",
        ),
        pytest.param(
            failed_job("BackoffLimitExceeded", "Job has reached the specified backoff limit"),
            (),
            "BackoffLimitExceeded",
            "Job has reached",
            id="retries used up, pods gone",
        ),
        pytest.param(failed_job("DeadlineExceeded"), (), "DeadlineExceeded", "(600 s)", id="deadline"),
        pytest.param(
            failed_job("SomethingNew", "of a later Kubernetes"),
            (),
            "RunnerCrashed",
            "of a later Kubernetes",
            id="reason that this version does not know",
        ),
    ],
)
def test_failure_is_final_and_says_why(job: Any, pods: tuple[Any, ...], reason: str, words: str) -> None:
    made = plan(Observed(jobs=(job,), pods=pods, asked=True), status=RUNNING)
    failed = failure(made)
    assert failed[0] == reason
    assert words in failed[1]
    true = {name for name, status in conditions(made).items() if status == "True"}
    assert true == {"Failed", "Stalled", "Finished"}
    assert conditions(made)["Accepted"] == "Unknown"
    assert made.create is None
    assert [(said.type, said.reason) for said in made.announcements] == [("Warning", "Failed")]


def test_end_keeps_the_count_of_pods_that_failed_and_every_condition_its_generation() -> None:
    crashed = ended_pod(1, name="a")
    made = plan(Observed(jobs=(failed_job("BackoffLimitExceeded", failed=3),), pods=(crashed,), asked=True))
    assert status_of(made).attempts == Attempts(failed=3)
    assert {c.observed_generation for c in status_of(made).conditions} == {1}


def test_run_that_never_started_began_when_it_ended() -> None:
    made = plan(Observed(conflict=JOB))
    assert (status_of(made).start_time, status_of(made).completion_time) == (at(0), at(0))


def test_second_unreadable_result_counts_its_own_job() -> None:
    made = plan(Observed(jobs=(complete_job(), complete_job(2)), asked=True))
    assert status_of(made).job_name == f"{JOB[:-1]}2"


def test_runners_notes_go_into_the_event() -> None:
    pod = ended_pod(0, result("Succeeded", "mIoU 0.92", notes=["Global has no effect"]))
    (said,) = plan(Observed(jobs=(complete_job(),), pods=(pod,))).announcements
    assert said.message == "mIoU 0.92; Global has no effect"


@pytest.mark.parametrize("reason", ["AcceptanceNotMet", "SparsityNotReached", "ExportMismatch"])
def test_missed_gate_keeps_what_was_measured(reason: str) -> None:
    pod = ended_pod(4, result(reason, "0.61 < 0.745", **PUBLISHED))
    made = plan(Observed(jobs=(failed_job("PodFailurePolicy"),), pods=(pod,)))
    assert failure(made) == (reason, "0.61 < 0.745")
    assert conditions(made)["Accepted"] == "False"
    assert status_of(made).metrics is not None
    assert status_of(made).artifacts is not None


def test_deadline_says_what_the_run_was_waiting_for() -> None:
    waiting = plan(
        Observed(jobs=(make_job(),), pods=(pending_pod("CreateContainerConfigError", "secret x not found"),))
    )
    made = plan(Observed(jobs=(failed_job("DeadlineExceeded"),)), status=status_of(waiting).to_wire())
    assert "SecretNotFound: pod demo-pod: secret x not found" in failure(made)[1]


@pytest.mark.parametrize(
    ("job", "pods"),
    [
        pytest.param(complete_job(), (), id="pod gone"),
        pytest.param(complete_job(), (ended_pod(0, "garbage"),), id="garbage"),
        pytest.param(complete_job(), (ended_pod(0, result("InvalidSpec")),), id="reason against exit code"),
        pytest.param(
            complete_job(), (ended_pod(0, '{"reason": "Succeeded", "extra": 1}'),), id="unknown key"
        ),
        pytest.param(failed_job("PodFailurePolicy"), (), id="final failure, pod gone"),
        pytest.param(failed_job("PodFailurePolicy"), (ended_pod(4, ""),), id="gate missed, nothing said"),
    ],
)
def test_result_that_nobody_can_read_gets_one_more_start(job: Any, pods: tuple[Any, ...]) -> None:
    made = plan(Observed(jobs=(job,), pods=pods, asked=True), status=RUNNING)
    assert made.create is not None
    assert made.create["metadata"]["name"].endswith("-2")
    assert made.create["metadata"]["labels"]["segcompress.dev/start"] == "2"
    assert reconciling(made)[0] == "Retrying"
    assert status_of(made).job_name == made.create["metadata"]["name"]


@pytest.mark.parametrize(
    ("job", "pods", "waits"),
    [
        pytest.param(complete_job(ended=-2), (running_pod(),), True, id="seen alive"),
        pytest.param(complete_job(ended=-3), (running_pod(),), False, id="seen alive before"),
        pytest.param(complete_job(ended=-2), (), True, id="not seen yet"),
        pytest.param(complete_job(ended=-3), (), False, id="gone"),
        pytest.param(complete_job(ended=-2), (ended_pod(1),), True, id="only an earlier one seen"),
        pytest.param(complete_job(ended=0), (ended_pod(0),), False, id="seen to end, unreadable"),
        pytest.param(complete_job(ended=300), (), False, id="by a clock five minutes ahead"),
        pytest.param(failed_job("BackoffLimitExceeded", ended=0), (running_pod(),), True, id="last failure"),
        pytest.param(
            failed_job("BackoffLimitExceeded", failed=2, ended=0),
            (ended_pod(1),),
            True,
            id="last pod not seen",
        ),
        pytest.param(
            failed_job("BackoffLimitExceeded", ended=-3), (running_pod(),), False, id="missed failure"
        ),
    ],
)
def test_end_of_a_job_that_overtakes_its_pods_waits_and_then_asks(
    job: Any, pods: tuple[Any, ...], *, waits: bool
) -> None:
    expected = Plan(requeue_after=1.0) if waits else Plan(list_pods_of=job.uid)
    assert plan(Observed(jobs=(job,), pods=pods)) == expected


def test_deadline_waits_for_no_pod() -> None:
    made = plan(Observed(jobs=(failed_job("DeadlineExceeded", ended=0),), pods=(running_pod(),)))
    assert failure(made)[0] == "DeadlineExceeded"


@pytest.mark.parametrize(
    ("pods", "started"),
    [
        pytest.param((ended_pod(1, name="a"), ended_pod(0, result("Succeeded"))), -10, id="its first pod"),
        pytest.param((), -20, id="its Job, where no pod was seen"),
    ],
)
def test_start_of_a_run_that_nobody_saw_running(pods: tuple[Any, ...], started: float) -> None:
    jobs = (complete_job(),) if pods else (failed_job("DeadlineExceeded"),)
    assert status_of(plan(Observed(jobs=jobs, pods=pods))).start_time == at(started)
    known = {**RUNNING, "startTime": at(-50)}
    assert status_of(plan(Observed(jobs=jobs, pods=pods), status=known)).start_time == at(-50)


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        pytest.param(complete_job(2), "RunnerCrashed", id="exit code 0"),
        pytest.param(
            failed_job("PodFailurePolicy", "Container runner failed with exit code 3 matching FailJob", 2),
            "InvalidInput",
            id="exit code 3",
        ),
        pytest.param(
            failed_job("PodFailurePolicy", "Container runner failed with exit code 4 matching FailJob", 2),
            "AcceptanceNotMet",
            id="exit code 4",
        ),
    ],
)
def test_second_unreadable_result_is_the_end(job: Any, reason: str) -> None:
    made = plan(Observed(jobs=(complete_job(), job), asked=True))
    assert made.create is None
    assert failure(made)[0] == reason


def settled(ttl: int | None, generation: int = 1) -> Resource:
    pod = ended_pod(0, result("Succeeded", **PUBLISHED))
    status = status_of(plan(Observed(jobs=(complete_job(),), pods=(pod,)))).to_wire()
    spec = spec_with(**({} if ttl is None else {"ttlSecondsAfterFinished": ttl}))
    return make_resource(spec=spec, status=status, generation=generation)


def test_settled_resource_needs_nothing() -> None:
    assert plan_job(settled(None), Observed(jobs=(complete_job(),)), SETTINGS, NOW) == Plan()
    assert plan_job(settled(60), Observed(), SETTINGS, NOW) == Plan()


def test_finished_job_gets_its_ttl_after_the_status() -> None:
    made = plan_job(settled(60), Observed(jobs=(complete_job(),)), SETTINGS, NOW)
    assert made == Plan(ttl=(TtlChange(JOB, 60),))


def test_edit_of_the_ttl_is_acknowledged_and_nothing_else() -> None:
    made = plan_job(settled(60, generation=2), Observed(jobs=(complete_job(),)), SETTINGS, NOW)
    assert made.ttl == (TtlChange(JOB, 60),)
    assert status_of(made).observed_generation == 2
    assert {c.observed_generation for c in status_of(made).conditions} == {2}
    assert made.announcements == ()


@pytest.mark.parametrize("created", [-300, 0, 300])
@pytest.mark.parametrize("generation", [1, 2])
def test_job_that_is_made_after_the_end_is_deleted_whatever_the_clocks_say(
    created: float, generation: int
) -> None:
    """A leader that hung may create one after the run's own is gone; one in another version is left alone."""
    ended = status_of(plan(Observed(jobs=(failed_job("DeadlineExceeded"),)), status=RUNNING)).to_wire()
    job = make_job(creationTimestamp=at(created), resourceVersion="17")
    made = plan(Observed(jobs=(job,)), status=ended, generation=generation)
    assert made.delete == Deletion(job.name, job.uid, "17")
    leaving = replace(job, deleting=True)
    assert plan(Observed(jobs=(leaving,)), status=ended, generation=generation).delete is None
