"""How a run that has not ended stands: rows of what was observed and what is reported."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from segcompress_api.conditions import MESSAGE_LIMIT
from segcompress_operator.planning.following import QUIET_SECONDS
from segcompress_operator.planning.parsing import parse_pod
from segcompress_operator.planning.plan import FIRST_TRY_SECONDS, LAST_TRY_SECONDS, Observed, Plan, Refusal
from segcompress_operator.planning.starting import WATCH_LAG_SECONDS
from unit.operator.planned import PUBLISHED, RUNNING, conditions, plan, reconciling, status_of
from unit.operator.samples import (
    DISRUPTED,
    JOB,
    NOW,
    SPEC,
    at,
    complete_job,
    ended_body,
    ended_pod,
    make_job,
    pending_pod,
    pod_body,
    result,
    running_pod,
    spec_with,
)


@pytest.mark.parametrize("age", [0, 2])
def test_fresh_job_is_given_a_moment_before_the_first_status(age: int) -> None:
    made = plan(Observed(jobs=(make_job(creationTimestamp=at(-age)),)))
    assert made == Plan(requeue_after=WATCH_LAG_SECONDS - age)


@pytest.mark.parametrize("ahead", [300, -300])
def test_clock_five_minutes_off_holds_back_no_status(ahead: int) -> None:
    made = plan(Observed(jobs=(make_job(creationTimestamp=at(ahead)),)))
    assert reconciling(made) == ("Pending", "waits for its pod")


@pytest.mark.parametrize("ahead", [300, -300])
def test_clock_five_minutes_off_gives_no_run_a_negative_duration(ahead: int) -> None:
    ended = complete_job(ended=ahead)
    pod = ended_pod(0, result("Succeeded", **PUBLISHED))
    status = status_of(plan(Observed(jobs=(ended,), pods=(pod,), asked=True), status=RUNNING))
    assert status.start_time is not None
    assert status.completion_time is not None
    assert status.start_time <= status.completion_time


@pytest.mark.parametrize(
    ("job", "pods", "reason", "words", "phase"),
    [
        pytest.param({}, (), "Pending", "waits for its pod", "Pending", id="no pod yet"),
        pytest.param({}, (pending_pod(),), "Pending", "waits for its pod", "Pending", id="pod starting"),
        pytest.param({}, (running_pod(),), "Running", "demo-pod", "Running", id="pod running"),
        pytest.param(
            {"spec": {"suspend": True}, "labels": {"kueue.x-k8s.io/queue-name": "gpus"}},
            (),
            "Queued",
            "in queue gpus",
            "Queued",
            id="held by Kueue",
        ),
        pytest.param(
            {"deletionTimestamp": at(0)}, (), "Pending", "being deleted", "Pending", id="Job being deleted"
        ),
        pytest.param(
            {},
            (pending_pod("CreateContainerConfigError", 'secret "object-store" not found'),),
            "SecretNotFound",
            'secret "object-store" not found',
            "Pending",
            id="Secret missing",
        ),
        pytest.param(
            {},
            (pending_pod("CreateContainerConfigError", "couldn't find key accessKey in Secret vision/s"),),
            "SecretNotFound",
            "accessKey",
            "Pending",
            id="key missing",
        ),
        pytest.param(
            {},
            (pending_pod("CreateContainerError", "failed to reserve name"),),
            "Pending",
            "failed to reserve name",
            "Pending",
            id="container cannot be created",
        ),
        *(
            pytest.param(
                {}, (pending_pod(word, "runner:1: no"),), "ImagePullFailed", "runner:1", "Pending", id=word
            )
            for word in ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
        ),
        pytest.param(
            {},
            (ended_pod(6, result("StorageUnreachable", "no answer")),),
            "Retrying",
            "StorageUnreachable: no answer; failure 1, spec.backoffLimit is 2",
            "Running",
            id="storage out of reach",
        ),
        pytest.param(
            {}, (ended_pod(137, why="OOMKilled"),), "Retrying", "OutOfMemory", "Running", id="out of memory"
        ),
        pytest.param(
            {},
            (ended_pod(1, result("OutOfMemory", "CUDA")),),
            "Retrying",
            "OutOfMemory: CUDA",
            "Running",
            id="CUDA out of memory",
        ),
        pytest.param(
            {},
            (ended_pod(1, "last line"), pending_pod(name="second")),
            "Retrying",
            "last line",
            "Running",
            id="next pod starting after a crash",
        ),
        pytest.param(
            {},
            (ended_pod(1), pending_pod("ErrImagePull", "runner:1", name="second")),
            "ImagePullFailed",
            "second",
            "Pending",
            id="next pod waits for its image",
        ),
        pytest.param({}, (ended_pod(5),), "Preempted", "demo-pod", "Running", id="asked to stop"),
        pytest.param(
            {}, (ended_pod(137, conditions=DISRUPTED),), "Preempted", "demo-pod", "Running", id="evicted"
        ),
        pytest.param(
            {},
            (ended_pod(3, result("InvalidInput"), conditions=DISRUPTED),),
            "Preempted",
            "demo-pod",
            "Running",
            id="disruption comes before the exit code, as in podFailurePolicy",
        ),
    ],
)
def test_unfinished_run_says_how_it_stands(
    job: dict[str, Any], pods: tuple[Any, ...], reason: str, words: str, phase: str
) -> None:
    made = plan(Observed(jobs=(make_job(**job),), pods=pods))
    waiting = reconciling(made)
    assert waiting[0] == reason
    assert words in waiting[1]
    assert status_of(made).phase == phase
    assert len(conditions(made)) == 8
    assert {c.observed_generation for c in status_of(made).conditions} == {1}
    assert status_of(made).job_name == JOB
    assert status_of(made).strategy == "UnstructurePrune"


@pytest.mark.parametrize(
    "pods",
    [
        pytest.param((ended_pod(0, result("Succeeded")),), id="done"),
        pytest.param((ended_pod(3, result("InvalidInput")),), id="bad input"),
        pytest.param((ended_pod(4, result("AcceptanceNotMet")),), id="gate missed"),
        pytest.param(tuple(ended_pod(1, name=n) for n in "abc"), id="backoffLimit used up"),
    ],
)
def test_end_that_the_job_controller_is_about_to_tell_is_not_written_twice(pods: tuple[Any, ...]) -> None:
    assert plan(Observed(jobs=(make_job(),), pods=pods)) == Plan()


def test_job_on_its_way_to_failure_keeps_what_was_said() -> None:
    conditions_ = [{"type": "FailureTarget", "status": "True", "reason": "DeadlineExceeded"}]
    assert plan(Observed(jobs=(make_job(status={"conditions": conditions_}),))) == Plan()


def test_pod_that_is_deleted_before_it_ran_keeps_what_was_said() -> None:
    """The kubelet then says ContainerCreating once more, be it at a deadline or at a user's wish."""
    pod = replace(pending_pod(), deleting=True)
    assert plan(Observed(jobs=(make_job(),), pods=(pod,))) == Plan()


def test_pod_whose_container_has_just_ended_keeps_what_was_said() -> None:
    """The pod's phase says so a moment later."""
    pod = replace(ended_pod(0, result("Succeeded")), terminal=False)
    assert plan(Observed(jobs=(make_job(),), pods=(pod,))) == Plan()


def test_start_is_announced_once_with_settings_without_effect() -> None:
    strategy = {**SPEC["strategy"], "Global": {"input_name": "x"}}
    seen = Observed(jobs=(make_job(),), pods=(running_pod(),))
    made = plan(seen, spec=spec_with(strategy=strategy))
    (said,) = made.announcements
    assert said.reason == "Started"
    assert "Global has no effect" in said.message
    assert status_of(made).start_time == at(-10)
    again = plan(seen, status=status_of(made).to_wire())
    assert again.announcements == ()
    assert status_of(again) == status_of(made)


def test_image_message_stays_while_the_kubelet_tries_again() -> None:
    jobs = (make_job(),)
    first = plan(Observed(jobs=jobs, pods=(pending_pod("ErrImagePull", "runner:1: not found"),)))
    later = Observed(jobs=jobs, pods=(pending_pod("ImagePullBackOff", "Back-off"),))
    assert status_of(plan(later, status=status_of(first).to_wire())) == status_of(first)


@pytest.mark.parametrize(
    ("job", "observed", "look"),
    [
        pytest.param({"creationTimestamp": at(-4)}, {}, False, id="too early"),
        pytest.param({"creationTimestamp": at(-QUIET_SECONDS)}, {}, True, id="quiet for long enough"),
        pytest.param({"spec": {"suspend": True}}, {}, False, id="held"),
        pytest.param({}, {"pods": (pending_pod(),)}, False, id="has a pod"),
        pytest.param({}, {"pods": (ended_pod(1),)}, False, id="its last pod ended just now"),
        pytest.param(
            {},
            {"refusal": Refusal("Pod", "", NOW - timedelta(seconds=FIRST_TRY_SECONDS - 1))},
            False,
            id="asked before",
        ),
        pytest.param(
            {},
            {"refusal": Refusal("Pod", "", NOW - timedelta(seconds=FIRST_TRY_SECONDS))},
            True,
            id="asked long ago",
        ),
        pytest.param({"status": {"startTime": None}}, {}, False, id="its controller is slow"),
        pytest.param({"status": {"active": 1}}, {}, False, id="its pod is on its way to us"),
        pytest.param(
            {"creationTimestamp": at(-99)},
            {"refusal": Refusal("Pod", "", NOW - timedelta(seconds=20))},
            False,
            id="asked rarely where it is silent for long",
        ),
        pytest.param(
            {"creationTimestamp": at(-9999)},
            {"refusal": Refusal("Pod", "", NOW - timedelta(seconds=LAST_TRY_SECONDS))},
            True,
            id="asked every ten minutes at least",
        ),
        pytest.param(
            {"creationTimestamp": at(-99)},
            {"pods": (ended_pod(1),), "refusal": Refusal("Pod", "", NOW - timedelta(seconds=50))},
            False,
            id="asked before its last pod ended",
        ),
    ],
)
def test_job_without_a_pod_is_asked_why(job: dict[str, Any], observed: dict[str, Any], *, look: bool) -> None:
    made = plan(Observed(jobs=(make_job(**job),), **observed))
    assert (made.read_events_of == "job-1") is look


def test_pod_that_cannot_be_made_waits_for_the_quota() -> None:
    words = 'Error creating: pods "x" is forbidden: exceeded quota: none, requested: cpu=1'
    made = plan(Observed(jobs=(make_job(creationTimestamp=at(-5)),), refusal=Refusal("Pod", words, NOW)))
    assert reconciling(made) == ("QuotaExceeded", words)
    assert made.requeue_after == FIRST_TRY_SECONDS
    mended = plan(Observed(jobs=(make_job(),), pods=(running_pod(),), refusal=Refusal("Pod", words, NOW)))
    assert reconciling(mended)[0] == "Running"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        pytest.param(-24, "QuotaExceeded", id="said after the last pod was made"),
        pytest.param(-26, "Retrying", id="said before the last pod was made"),
    ],
)
def test_refusal_older_than_the_newest_pod_does_not_count(said: float, reason: str) -> None:
    """The pods of the samples were created 25 seconds ago."""
    refusal = Refusal("Pod", "exceeded quota: none", NOW, said=NOW + timedelta(seconds=said))
    made = plan(Observed(jobs=(make_job(),), pods=(ended_pod(1),), refusal=refusal))
    assert reconciling(made)[0] == reason


def leaving_pod(ends: float, *, running: bool = True, node: str = "gpu-7") -> Any:
    state = {"running": {"startedAt": at(-900)}} if running else {"waiting": {"reason": "ContainerCreating"}}
    body = pod_body("demo-pod", state, "Running", conditions=DISRUPTED)
    body["metadata"]["deletionTimestamp"] = at(ends)
    return parse_pod({**body, "spec": {"nodeName": node}})


@pytest.mark.parametrize("running", [True, False])
def test_pod_whose_node_does_not_answer_is_named_with_the_deadline(*, running: bool) -> None:
    made = plan(Observed(jobs=(make_job(),), pods=(leaving_pod(-16, running=running),)))
    reason, message = reconciling(made)
    assert reason == "NodeLost"
    assert f"pod demo-pod on node gpu-7 was to end by {at(-16)}" in message
    assert f"a new pod follows, until spec.activeDeadlineSeconds ends at {at(570)}" in message
    assert "node.kubernetes.io/out-of-service" in message


def test_pod_that_outlives_the_deadline_on_a_lost_node_is_said_to_be_awaited() -> None:
    ending = {"conditions": [{"type": "FailureTarget", "status": "True", "reason": "DeadlineExceeded"}]}
    made = plan(Observed(jobs=(make_job(status=ending),), pods=(leaving_pod(-16),)), status=RUNNING)
    reason, message = reconciling(made)
    assert reason == "NodeLost"
    assert "the run ends once the node answers" in message


def test_pod_within_its_grace_is_looked_at_again_when_that_is_over() -> None:
    made = plan(Observed(jobs=(make_job(),), pods=(leaving_pod(20),)))
    assert reconciling(made)[0] == "Running"
    assert made.requeue_after == 35
    unseen = plan(Observed(jobs=(make_job(),), pods=(leaving_pod(20, running=False),)))
    assert unseen == Plan(requeue_after=35)


def test_pod_that_never_had_a_node_is_not_lost() -> None:
    assert plan(Observed(jobs=(make_job(),), pods=(leaving_pod(-99, running=False, node=""),))) == Plan()


def unschedulable(words: str) -> Any:
    scheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": words}
    return parse_pod(pod_body("demo-pod", conditions=[scheduled]))


@pytest.mark.parametrize(
    ("written", "second", "wait"),
    [
        pytest.param(-10, "0/3 nodes are available: 2 Insufficient cpu.", 50, id="other numbers"),
        pytest.param(-10, "0/2 nodes are available: 2 node(s) had untolerated taint.", 50, id="other words"),
        pytest.param(-60, "0/3 nodes are available: 2 Insufficient cpu.", None, id="a minute later"),
    ],
)
def test_new_wording_of_the_scheduler_is_written_once_a_minute(
    written: float, second: str, wait: float | None
) -> None:
    jobs = (make_job(),)
    first = plan(Observed(jobs=jobs, pods=(unschedulable("0/2 nodes are available: 1 Insufficient cpu."),)))
    manager = [{"manager": "operator", "subresource": "status", "time": at(written)}]
    later = plan(
        Observed(jobs=jobs, pods=(unschedulable(second),)),
        status=status_of(first).to_wire(),
        managedFields=manager,
    )
    assert (status_of(later) == status_of(first)) is (wait is not None)
    assert later.requeue_after == wait


def test_another_reason_is_written_at_once() -> None:
    jobs = (make_job(),)
    manager = [{"manager": "operator", "subresource": "status", "time": at(-1)}]
    first = plan(
        Observed(jobs=jobs, pods=(pending_pod("CreateContainerConfigError", 'secret "a" not found'),))
    )
    words = "couldn't find key secretKey in Secret vision/a"
    later = plan(
        Observed(jobs=jobs, pods=(pending_pod("CreateContainerConfigError", words),)),
        status=status_of(first).to_wire(),
        managedFields=manager,
    )
    assert words in reconciling(later)[1]


LONG = "x" * 100_000


@pytest.mark.parametrize(
    ("refusal", "pods"),
    [
        pytest.param(LONG, (), id="refusal"),
        pytest.param("", (pending_pod("ErrImagePull", LONG),), id="image"),
        pytest.param("", (pending_pod("CreateContainerError", LONG),), id="container"),
        pytest.param("", (unschedulable(LONG),), id="scheduler"),
        pytest.param("", (ended_pod(1, "x\n" * 100_000),), id="crash"),
        pytest.param("", (ended_pod(137, conditions=DISRUPTED, reason=LONG),), id="eviction"),
    ],
)
def test_messages_of_others_are_cut(refusal: str, pods: tuple[Any, ...]) -> None:
    known = Observed(jobs=(make_job(),), pods=pods, refusal=Refusal("Pod", refusal, NOW) if refusal else None)
    longest = max(len(c.message) for c in status_of(plan(known)).conditions)
    assert 50 < longest < MESSAGE_LIMIT


def preempted_pod(name: str, created: float) -> Any:
    body = ended_body(137, name=name, conditions=DISRUPTED)
    body["metadata"]["creationTimestamp"] = at(created)
    return parse_pod(body)


def test_preemption_is_counted_once_and_one_that_was_missed_is_counted_after_a_restart() -> None:
    """The first pod was counted and is gone; the second was preempted while no operator ran."""
    first, second = preempted_pod("a", -300), preempted_pod("b", -200)
    made = plan(Observed(jobs=(make_job(),), pods=(first,)), status=RUNNING)
    counted = status_of(made).to_wire()
    assert counted["attempts"] == {"failed": 0, "preempted": 1, "preemptedUntil": at(-300)}
    again = plan(Observed(jobs=(make_job(),), pods=(first,)), status=counted)
    assert status_of(again).attempts == status_of(made).attempts
    for in_sight in ((second,), (first, second)):
        later = plan(Observed(jobs=(make_job(),), pods=in_sight), status=counted)
        assert status_of(later).to_wire()["attempts"]["preempted"] == 2
        assert status_of(later).to_wire()["attempts"]["preemptedUntil"] == at(-200)


def test_attempts_never_fall() -> None:
    status = {**RUNNING, "attempts": {"failed": 2, "preempted": 3, "preemptedUntil": at(-100)}}
    made = plan(Observed(jobs=(make_job(),), pods=(running_pod(),)), status=status)
    assert status_of(made).attempts is not None
    assert status_of(made).attempts.to_wire() == status["attempts"]  # type: ignore[union-attr]


def test_start_after_a_lost_result_retries_until_its_pod_runs() -> None:
    """Its phase does not fall back to Pending."""
    jobs = (complete_job(), make_job(2))
    words = f"the result of Job {JOB} could not be read; one more pod looks for what it published"
    for pods in ((), (pending_pod(),)):
        assert reconciling(plan(Observed(jobs=jobs, pods=pods))) == ("Retrying", words)
    assert reconciling(plan(Observed(jobs=jobs, pods=(running_pod(),))))[0] == "Running"
    no_secret = pending_pod("CreateContainerConfigError", 'secret "object-store" not found')
    assert reconciling(plan(Observed(jobs=jobs, pods=(no_secret,))))[0] == "SecretNotFound"
