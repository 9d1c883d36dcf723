"""What a run that has not ended is waiting for, word for word, and when it is looked at again."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from segcompress_operator.planning.parsing import parse_pod
from segcompress_operator.planning.plan import Observed, Plan, Refusal
from segcompress_operator.planning.progress import after_the_pod, lost_pod, overdue_at, progress_of
from unit.operator.planned import RUNNING, failure, plan, reconciling, status_of, waiting
from unit.operator.samples import (
    JOB,
    NOW,
    SPEC,
    at,
    ended_pod,
    failed_job,
    make_job,
    pending_pod,
    pod_body,
    running_pod,
    spec_with,
)


def words(*pods: Any, refusal: str = "", **job: Any) -> str:
    found = progress_of(make_job(**job), pods, refusal)
    assert found is not None
    return found.message


def test_waiting_in_plain_words() -> None:
    assert words() == "waiting for its pod"
    assert words(pending_pod()) == "waiting for its pod"
    assert words(spec={"suspend": True}) == f"Job {JOB} is held until it is admitted"
    held: dict[str, Any] = {"spec": {"suspend": True}, "labels": {"kueue.x-k8s.io/queue-name": "gpus"}}
    assert words(**held) == f"Job {JOB} is held in queue gpus until it is admitted"


def test_only_a_container_that_lacks_its_configuration_lacks_a_secret() -> None:
    other = progress_of(make_job(), (pending_pod("CreateContainerError", "no secret today"),), "")
    assert other is not None
    assert other.reason == "Pending"
    config = progress_of(make_job(), (pending_pod("CreateContainerConfigError", "no such user"),), "")
    assert config is not None
    assert config.reason == "Pending"


def test_as_many_failures_as_are_tolerated_are_not_the_end() -> None:
    two, three = (tuple(ended_pod(1, name=name) for name in names) for names in ("ab", "abc"))
    assert progress_of(make_job(), two, "") is not None
    assert progress_of(make_job(), three, "") is None
    done_before = (ended_pod(0, name="a"), *two)
    assert progress_of(make_job(), done_before, "") is not None


def leaving(ends: float, phase: str = "Running") -> Any:
    body = pod_body("demo-pod", {"running": {}}, phase)
    body["metadata"]["deletionTimestamp"] = at(ends)
    return parse_pod({**body, "spec": {"nodeName": "gpu-7"}})


def test_pod_is_lost_from_the_second_on_that_its_end_is_overdue() -> None:
    pod = leaving(-15)
    assert overdue_at(pod) == NOW
    assert lost_pod((pod,), NOW, "x") is not None
    assert lost_pod((pod,), NOW - timedelta(seconds=1), "x") is None
    assert overdue_at(leaving(-15, "Failed")) is None


def test_pod_lost_before_the_job_started_names_no_deadline() -> None:
    found = lost_pod((leaving(-15),), NOW, after_the_pod(make_job(status={"startTime": None})))
    assert found is not None
    assert "a new pod follows once the node answers" in found.message


def test_lost_pod_is_not_looked_at_again_for_being_overdue() -> None:
    made = plan(Observed(jobs=(make_job(),), pods=(leaving(-15.0),)))
    assert (reconciling(made)[0], made.requeue_after) == ("NodeLost", None)
    soon = plan(Observed(jobs=(make_job(),), pods=(leaving(-14.0),)))
    assert (reconciling(soon)[0], soon.requeue_after) == ("Running", 1)


def test_start_says_its_settings_without_effect() -> None:
    strategy = {**SPEC["strategy"], "Global": {"input_name": "x"}, "Distillation": {"merge_feed": True}}
    (said,) = plan(
        Observed(jobs=(make_job(),), pods=(running_pod(),)), spec=spec_with(strategy=strategy)
    ).announcements
    assert (said.type, said.reason) == ("Normal", "Started")
    first, *notes = said.message.split("; ")
    assert first == "pod demo-pod is running"
    assert [note.partition(" ")[0] for note in notes] == [
        "spec.strategy.Global",
        "spec.strategy.Distillation.merge_feed",
    ]


def test_start_of_a_run_is_that_of_its_running_pod() -> None:
    crashed = ended_pod(1, name="a")
    silent = parse_pod(pod_body("b", {"running": {}}, "Running"))
    made = plan(Observed(jobs=(make_job(),), pods=(crashed, silent)))
    assert status_of(made).start_time == at(0)


def test_refusal_that_the_queue_tries_again_waits_for_a_moment_only() -> None:
    refusal = Refusal("Job", "no answer", NOW, transient=True)
    made = plan(Observed(refusal=refusal))
    assert (made.create, made.requeue_after) == (None, 0.1)
    later = replace(refusal, seen=NOW - timedelta(seconds=0.1))
    assert plan(Observed(refusal=later)).create is not None


def test_job_is_asked_again_only_about_what_came_after_its_last_pod() -> None:
    """The sample's pod ended two seconds ago."""
    refusal = Refusal("Pod", "", NOW - timedelta(seconds=2))
    made = plan(Observed(jobs=(make_job(),), pods=(ended_pod(1),), refusal=refusal), status=RUNNING)
    assert made.requeue_after == 13
    earlier = replace(refusal, seen=NOW - timedelta(seconds=3))
    made = plan(Observed(jobs=(make_job(),), pods=(ended_pod(1),), refusal=earlier), status=RUNNING)
    assert made.requeue_after == 3
    job_was_refused = replace(refusal, of="Job")
    made = plan(Observed(jobs=(make_job(),), pods=(ended_pod(1),), refusal=job_was_refused), status=RUNNING)
    assert made.requeue_after == 3


def test_settled_job_is_given_no_other_moment() -> None:
    made = plan(Observed(jobs=(make_job(creationTimestamp=at(-3)),)))
    assert made.status is not None
    assert made != Plan(requeue_after=0.0)


def unschedulable(message: str) -> Any:
    scheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    return parse_pod(pod_body("demo-pod", conditions=[scheduled]))


@pytest.mark.parametrize(
    ("written", "wait"), [(-59.0, 1.0), (-60.0, None), (None, None)], ids=["just", "a minute", "unknown"]
)
def test_new_words_of_the_scheduler_wait_for_the_rest_of_a_minute(
    written: float | None, wait: float | None
) -> None:
    first = plan(Observed(jobs=(make_job(),), pods=(unschedulable("0/2 nodes"),)))
    fields = [] if written is None else [{"subresource": "status", "time": at(written)}]
    later = plan(
        Observed(jobs=(make_job(),), pods=(unschedulable("0/3 nodes"),)),
        status=status_of(first).to_wire(),
        managedFields=fields,
    )
    assert later.requeue_after == wait
    assert ("0/2" in reconciling(later)[1]) is (wait is not None)


def test_words_with_another_number_of_digits_say_the_same() -> None:
    first = plan(Observed(jobs=(make_job(),), pods=(pending_pod("CreateContainerError", "try 9"),)))
    later = plan(
        Observed(jobs=(make_job(),), pods=(pending_pod("CreateContainerError", "try 10"),)),
        status=status_of(first).to_wire(),
        managedFields=[{"subresource": "status", "time": at(-20)}],
    )
    assert (later.requeue_after, status_of(later)) == (40, status_of(first))


def test_refused_job_is_worded_anew_a_minute_after_the_last_words() -> None:
    first = plan(Observed(refusal=Refusal("Job", "exceeded quota: used 1", NOW)))
    hour = Refusal("Job", "exceeded quota: used 2", NOW, since=NOW - timedelta(hours=1))
    later = plan(
        Observed(refusal=hour),
        status=status_of(first).to_wire(),
        managedFields=[{"subresource": "status", "time": at(-20)}],
    )
    assert (later.requeue_after, status_of(later)) == (40, status_of(first))


@pytest.mark.parametrize(
    ("before", "last"),
    [
        pytest.param(None, "", id="never seen"),
        pytest.param(Observed(jobs=(make_job(),), pods=(running_pod(),)), "", id="at work"),
        pytest.param(Observed(jobs=(make_job(),), pods=(pending_pod(),)), "", id="starting"),
        pytest.param(
            Observed(jobs=(make_job(),), pods=(unschedulable("0/2 nodes"),)),
            "; it was last Unschedulable: pod demo-pod: 0/2 nodes",
            id="without a node",
        ),
    ],
)
def test_deadline_says_what_kept_the_run(before: Observed | None, last: str) -> None:
    status = status_of(plan(before)).to_wire() if before else {}
    made = plan(Observed(jobs=(failed_job("DeadlineExceeded"),)), status=status)
    assert failure(made) == (
        "DeadlineExceeded",
        f"not finished within spec.activeDeadlineSeconds (600 s){last}",
    )


def test_refused_job_names_the_deadline_of_the_spec() -> None:
    refusal = Refusal("Job", "exceeded quota: none", NOW)
    spec = spec_with(activeDeadlineSeconds=60)
    made = plan(Observed(refusal=refusal), spec=spec, status=waiting(-60))
    assert failure(made)[1] == "not finished within spec.activeDeadlineSeconds (60 s)"
