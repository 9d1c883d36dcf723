"""What the operator decides: rows of (what was observed, what is to be done)."""

from datetime import timedelta
from typing import Any

import pytest

from segcompress_api.conditions import Reason
from segcompress_api.status import JobStatus
from segcompress_operator.planning.job import LOOK_AGAIN_SECONDS, QUIET_SECONDS, plan_job
from segcompress_operator.planning.observed import Resource
from segcompress_operator.planning.plan import Observed, Plan, Refusal, TtlChange
from segcompress_operator.planning.progress import Progress
from segcompress_operator.planning.statuses import in_progress
from segcompress_operator.settings import RunnerSettings
from unit.operator.samples import (
    ARTIFACTS,
    DISRUPTED,
    JOB,
    METRICS,
    NOW,
    SETTINGS,
    SPEC,
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

PUBLISHED: dict[str, Any] = {"metrics": METRICS, "artifacts": ARTIFACTS}
RUNNING = in_progress(JobStatus(), Progress(Reason.RUNNING, "pod demo-pod is at work"), 1, NOW).to_wire()


def plan(observed: Observed, settings: RunnerSettings = SETTINGS, **resource: Any) -> Plan:
    return plan_job(make_resource(**resource), observed, settings, NOW)


def status_of(made: Plan) -> JobStatus:
    assert made.status is not None
    return made.status


def conditions(made: Plan) -> dict[str, str]:
    return {c.type: c.status for c in status_of(made).conditions}


def reconciling(made: Plan) -> tuple[str, str]:
    found = next(c for c in status_of(made).conditions if c.type == "Reconciling")
    assert found.status == "True"
    return found.reason, found.message


def failure(made: Plan) -> tuple[str, str]:
    found = next(c for c in status_of(made).conditions if c.type == "Failed")
    assert found.status == "True"
    return found.reason, found.message


def test_new_resource_gets_a_job_and_a_second_look() -> None:
    made = plan(Observed())
    assert made.create is not None
    assert made.create["metadata"]["name"] == JOB
    assert made.status is None
    assert made.requeue_after == 1.0


def test_resource_being_deleted_gets_nothing() -> None:
    assert plan(Observed(), deletionTimestamp=at(0)) == Plan()


def test_fresh_job_is_given_a_moment_before_the_first_status() -> None:
    made = plan(Observed(jobs=(make_job(creationTimestamp=at(0)),)))
    assert made == Plan(requeue_after=1.0)


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
    told = reconciling(made)
    assert told[0] == reason
    assert words in told[1]
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


@pytest.mark.parametrize("reason", ["Succeeded", "Reused"])
def test_success_keeps_metrics_and_artifacts(reason: str) -> None:
    pod = ended_pod(0, result(reason, "mIoU 0.92", **PUBLISHED))
    made = plan(Observed(jobs=(complete_job(),), pods=(pod,)), status=RUNNING)
    true = {name for name, status in conditions(made).items() if status == "True"}
    assert true == {"Complete", "Finished", "Ready", "Accepted"}
    assert status_of(made).phase == "Succeeded"
    assert status_of(made).metrics is not None
    assert status_of(made).artifacts is not None
    assert status_of(made).completion_time == at(-1)
    assert [said.reason for said in made.announcements] == ["Succeeded"]
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
    made = plan(Observed(jobs=(job,), pods=pods), status=RUNNING)
    told = failure(made)
    assert told[0] == reason
    assert words in told[1]
    true = {name for name, status in conditions(made).items() if status == "True"}
    assert true == {"Failed", "Stalled", "Finished"}
    assert conditions(made)["Accepted"] == "Unknown"
    assert made.create is None
    assert [(said.type, said.reason) for said in made.announcements] == [("Warning", "Failed")]


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
    made = plan(Observed(jobs=(job,), pods=pods), status=RUNNING)
    assert made.create is not None
    assert made.create["metadata"]["name"].endswith("-2")
    assert made.create["metadata"]["labels"]["segcompress.dev/start"] == "2"
    assert reconciling(made)[0] == "Retrying"
    assert status_of(made).job_name == made.create["metadata"]["name"]


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
    made = plan(Observed(jobs=(complete_job(), job)))
    assert made.create is None
    assert failure(made)[0] == reason


def test_lost_second_start_is_made_again_as_second() -> None:
    made = plan(Observed(), status={"jobName": JOB[:-1] + "2"})
    assert made.create is not None
    assert made.create["metadata"]["name"] == JOB[:-1] + "2"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"spec": spec_with(storage=None)}, "spec.storage", id="no storage"),
        pytest.param(
            {"spec": spec_with(output={"uri": "file:///tmp/x/"})}, "spec.output.uri", id="file address"
        ),
        pytest.param({"spec": spec_with(strategi={})}, "spec.strategi", id="unknown key"),
        pytest.param(
            {"spec": spec_with(runtime={"device": "CPU", "image": "docker.io/x"})},
            "spec.runtime.image",
            id="image not allowed",
        ),
        pytest.param(
            {"spec": spec_with(runtime={"resources": {"limits": {"nvidia.com/gpu": "8"}}})},
            "spec.runtime.resources.limits",
            id="GPUs beside spec.runtime.gpus",
        ),
        pytest.param(
            {"spec": spec_with(strategy={"UnstructurePrune": {"ratio": 0.5}})},
            "spec.strategy.TrainConfig",
            id="strategy without training",
        ),
        pytest.param(
            {"spec": spec_with(strategy={"configUri": "s3://conf/act.yaml", "Distillation": {}})},
            "spec.strategy.Distillation",
            id="sections beside configUri",
        ),
    ],
)
def test_invalid_spec_ends_without_a_job(changes: dict[str, Any], field: str) -> None:
    made = plan(Observed(), **changes)
    reason, message = failure(made)
    assert (made.create, reason) == (None, "InvalidSpec")
    assert message.startswith(field)


def test_image_with_an_allowed_prefix_is_used() -> None:
    settings = RunnerSettings(image="default:1", allowed_image_prefixes=("registry.example.com/team/",))
    image = "registry.example.com/team/runner:2"
    made = plan(Observed(), settings, spec=spec_with(runtime={"device": "CPU", "image": image}))
    assert made.create is not None
    assert made.create["spec"]["template"]["spec"]["containers"][0]["image"] == image


def test_job_that_runs_already_is_not_judged_anew() -> None:
    made = plan(Observed(jobs=(make_job(),), pods=(running_pod(),)), spec=spec_with(storage=None))
    assert reconciling(made)[0] == "Running"


def test_foreign_job_of_our_name_is_a_conflict() -> None:
    reason, message = failure(plan(Observed(conflict=JOB)))
    assert reason == "NameConflict"
    assert JOB in message


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        pytest.param("jobs.batch is forbidden: exceeded quota: none", "QuotaExceeded", id="quota"),
        pytest.param("namespace is being terminated", "Pending", id="anything else"),
    ],
)
def test_refused_job_waits_and_is_tried_again(message: str, reason: str) -> None:
    made = plan(Observed(refusal=Refusal(message, NOW)))
    assert reconciling(made) == (reason, message)
    assert (made.create, made.requeue_after) == (None, LOOK_AGAIN_SECONDS)
    later = plan(Observed(refusal=Refusal(message, NOW - timedelta(seconds=LOOK_AGAIN_SECONDS))))
    assert later.create is not None


def test_job_that_can_never_be_created_is_an_invalid_spec() -> None:
    words = "the API server refuses Job x: requests: must be less than or equal to cpu limit"
    assert failure(plan(Observed(refusal=Refusal(words, NOW, final=True)))) == ("InvalidSpec", words)


def test_refused_job_ends_at_the_deadline() -> None:
    refusal = Refusal("exceeded quota: none", NOW)
    made = plan(Observed(refusal=refusal), spec=spec_with(activeDeadlineSeconds=60))
    assert failure(made)[0] == "DeadlineExceeded"


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
            {"refusal": Refusal("", NOW - timedelta(seconds=LOOK_AGAIN_SECONDS - 1))},
            False,
            id="asked before",
        ),
        pytest.param(
            {},
            {"refusal": Refusal("", NOW - timedelta(seconds=LOOK_AGAIN_SECONDS))},
            True,
            id="asked long ago",
        ),
        pytest.param({"status": {"startTime": None}}, {}, False, id="its controller is slow"),
        pytest.param({"status": {"active": 1}}, {}, False, id="its pod is on its way to us"),
        pytest.param(
            {"creationTimestamp": at(-99)},
            {"refusal": Refusal("", NOW - timedelta(seconds=20))},
            False,
            id="asked rarely where it is silent for long",
        ),
    ],
)
def test_job_without_a_pod_is_asked_why(job: dict[str, Any], observed: dict[str, Any], *, look: bool) -> None:
    made = plan(Observed(jobs=(make_job(**job),), **observed))
    assert (made.look_at == "job-1") is look


def test_pod_that_cannot_be_made_waits_for_the_quota() -> None:
    words = 'Error creating: pods "x" is forbidden: exceeded quota: none, requested: cpu=1'
    made = plan(Observed(jobs=(make_job(creationTimestamp=at(-5)),), refusal=Refusal(words, NOW)))
    assert reconciling(made) == ("QuotaExceeded", words)
    assert made.requeue_after == LOOK_AGAIN_SECONDS
    mended = plan(Observed(jobs=(make_job(),), pods=(running_pod(),), refusal=Refusal(words, NOW)))
    assert reconciling(mended)[0] == "Running"


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


def test_attempts_never_fall() -> None:
    status = {**RUNNING, "attempts": {"failed": 2, "preempted": 3}}
    made = plan(Observed(jobs=(make_job(),), pods=(running_pod(),), preempted=4), status=status)
    assert status_of(made).attempts is not None
    assert status_of(made).attempts.to_wire() == {"failed": 2, "preempted": 4}  # type: ignore[union-attr]
