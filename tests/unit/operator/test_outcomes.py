"""How pods and Jobs ended: what counts, and what may be shown of it."""

from typing import Any

import pytest

from segcompress_api.conditions import Reason
from segcompress_api.contract import parse_run_result
from segcompress_operator.planning.observed import ObservedPod
from segcompress_operator.planning.outcomes import (
    Outcome,
    has_deciding_pod,
    is_preempted,
    outcome_of_job,
    outcome_of_pod,
    plain,
    unreadable,
)
from segcompress_operator.planning.parsing import parse_pod
from unit.operator.samples import (
    DISRUPTED,
    JOB,
    complete_job,
    ended_body,
    ended_pod,
    failed_job,
    pod_body,
    result,
    running_pod,
)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        pytest.param(0, Reason.RUNNER_CRASHED, id="exit code 0 without a result is no success"),
        pytest.param(3, Reason.INVALID_INPUT, id="bad input"),
        pytest.param(4, Reason.ACCEPTANCE_NOT_MET, id="gate missed"),
        pytest.param(6, Reason.STORAGE_UNREACHABLE, id="storage out of reach"),
        pytest.param(1, Reason.RUNNER_CRASHED, id="crash"),
    ],
)
def test_exit_code_stands_where_there_is_no_result(code: int, reason: Reason) -> None:
    outcome = outcome_of_pod(ended_pod(code, "one\ntwo"))
    assert outcome.reason is reason
    assert outcome.message == f"pod demo-pod ended with exit code {code}; its last lines:\none\ntwo"


def test_only_a_pod_that_decided_the_jobs_end_tells_of_it() -> None:
    assert has_deciding_pod(complete_job(), [ended_pod(0)])
    assert not has_deciding_pod(complete_job(), [ended_pod(1)])
    failed = failed_job("PodFailurePolicy")
    assert has_deciding_pod(failed, [ended_pod(3)])
    assert not has_deciding_pod(failed, [ended_pod(0), running_pod()])


def test_last_words_of_a_crash_are_few() -> None:
    message = outcome_of_pod(ended_pod(1, "\n".join(f"line {n} {'x' * 200}" for n in range(40)))).message
    assert "line 39" in message
    assert len(message) < 700
    assert len(message.splitlines()) <= 7


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        pytest.param(
            "PUT https://s3/b/k?X-Amz-Credential=AK%2Fx&X-Amz-Signature=0af3 failed",
            "PUT https://s3/b/k?… failed",
            id="presigned address",
        ),
        pytest.param(
            "proxy http://user:secret@proxy:3128/ refused", "proxy http://proxy:3128/ refused", id="user"
        ),
        pytest.param(
            "GET https://s3/b/?prefix=a&max-keys=1000", "GET https://s3/b/?prefix=a&max-keys=1000", id="none"
        ),
        pytest.param("what now? a token", "what now? a token", id="a question"),
        pytest.param("\x1b[31mred\x07\u202e", "[31mred", id="control characters"),
    ],
)
def test_what_is_shown_holds_no_credentials_of_addresses(said: str, shown: str) -> None:
    assert plain(said) == shown
    assert shown in outcome_of_pod(ended_pod(1, said)).message


def without_exit_code(**status: Any) -> ObservedPod:
    return parse_pod(pod_body(phase="Failed", **status))


@pytest.mark.parametrize(
    ("pod", "why"),
    [
        pytest.param(ended_pod(5), "it was asked to stop", id="by a signal"),
        pytest.param(ended_pod(5, reason="Terminated", message="node shutdown"), "Terminated", id="verdict"),
        pytest.param(ended_pod(1, conditions=DISRUPTED), "disruption", id="a disruption"),
        pytest.param(without_exit_code(conditions=DISRUPTED), "disruption", id="a lost node"),
    ],
)
def test_preemption_says_who_ended_the_pod(pod: ObservedPod, why: str) -> None:
    outcome = outcome_of_pod(pod)
    assert outcome.reason is Reason.PREEMPTED
    assert outcome.message.startswith(f"pod demo-pod was preempted ({why}")
    assert outcome.message.endswith("); a new pod follows")


@pytest.mark.parametrize(
    ("pod", "preempted"),
    [
        pytest.param(ended_pod(0, conditions=DISRUPTED), False, id="done before it was disrupted"),
        pytest.param(ended_pod(1, conditions=DISRUPTED), True, id="disrupted"),
        pytest.param(ended_pod(1), False, id="a crash"),
        pytest.param(running_pod(), False, id="at work"),
    ],
)
def test_what_counts_as_preempted(pod: ObservedPod, *, preempted: bool) -> None:
    assert is_preempted(pod) is preempted


def test_out_of_memory_says_what_to_change() -> None:
    assert outcome_of_pod(ended_pod(137, why="OOMKilled")) == Outcome(
        Reason.OUT_OF_MEMORY,
        "pod demo-pod exceeded its memory limit; raise spec.runtime.resources.limits.memory or lower "
        "spec.dataset.batchSize",
    )


def test_result_of_a_pod_is_kept() -> None:
    text = result("Succeeded", "mIoU 0.92")
    assert outcome_of_pod(ended_pod(0, text)) == Outcome(
        Reason.SUCCEEDED, "mIoU 0.92", parse_run_result(text)
    )


@pytest.mark.parametrize(
    ("code", "said", "reason"),
    [
        pytest.param(1, "OutOfMemory", Reason.OUT_OF_MEMORY, id="a crash may be for want of memory"),
        pytest.param(1, "RunnerCrashed", Reason.RUNNER_CRASHED, id="or a crash"),
        pytest.param(1, "Succeeded", Reason.RUNNER_CRASHED, id="but no success"),
        pytest.param(3, "AcceptanceNotMet", Reason.INVALID_INPUT, id="a reason of another exit code"),
    ],
)
def test_reason_counts_only_where_the_exit_code_allows_it(code: int, said: str, reason: Reason) -> None:
    outcome = outcome_of_pod(ended_pod(code, result(said)))
    assert outcome.reason is reason
    assert (outcome.result is None) == (reason.value != said)


@pytest.mark.parametrize(
    ("pod", "message"),
    [
        pytest.param(ended_pod(1), "pod demo-pod ended with exit code 1", id="silent"),
        pytest.param(without_exit_code(), "pod demo-pod ended without an exit code", id="no container"),
        pytest.param(
            ended_pod(1, "last", reason="Evicted"),
            "pod demo-pod ended with exit code 1 (Evicted); its last lines:\nlast",
            id="with the kubelet's verdict",
        ),
    ],
)
def test_last_words_name_code_and_verdict(pod: ObservedPod, message: str) -> None:
    assert outcome_of_pod(pod) == Outcome(Reason.RUNNER_CRASHED, message)


def test_a_pod_that_ran_out_of_memory_or_was_preempted_tells_no_result() -> None:
    text = result("InvalidInput")
    for silent in (ended_pod(3, text, why="OOMKilled"), ended_pod(3, text, conditions=DISRUPTED)):
        assert outcome_of_job(failed_job("PodFailurePolicy"), [silent]) is None
    earlier = ended_pod(3, text, name="earlier")
    assert outcome_of_job(failed_job("PodFailurePolicy"), [earlier, ended_pod(1)]) is not None


def test_job_that_failed_says_as_much_as_is_known() -> None:
    deadline = outcome_of_job(failed_job("DeadlineExceeded"), [])
    assert deadline is not None
    assert deadline.message == "not finished within spec.activeDeadlineSeconds (600 s)"
    unknown = outcome_of_job(failed_job("SomethingNew"), [])
    assert unknown == Outcome(Reason.RUNNER_CRASHED, f"Job {JOB} failed: SomethingNew")


@pytest.mark.parametrize(
    ("message", "detail"),
    [pytest.param("", "", id="nothing known"), pytest.param("exit code 1", " (exit code 1)", id="a message")],
)
def test_end_that_nobody_could_read_adds_what_the_job_says(message: str, detail: str) -> None:
    outcome = unreadable(failed_job("PodFailurePolicy", message))
    assert outcome.message == (
        f"Job {JOB} ended without a readable result, and so did the one before it{detail}"
    )


@pytest.mark.parametrize(
    ("pods", "tries"),
    [
        pytest.param([], "1 pod(s) failed, spec.backoffLimit is 2; how they ended was not seen", id="gone"),
        pytest.param(
            [ended_pod(1, name=name) for name in "abc"] + [ended_pod(5, name="d"), running_pod()],
            "3 pod(s) failed, spec.backoffLimit is 2; the last: RunnerCrashed: pod c ended with exit code 1",
            id="seen, beside one that was preempted and one at work",
        ),
        pytest.param(
            [parse_pod(ended_body(0)), running_pod()],
            "1 pod(s) failed, spec.backoffLimit is 2; how they ended was not seen",
            id="none of those that failed",
        ),
    ],
)
def test_retries_used_up_count_what_failed(pods: list[ObservedPod], tries: str) -> None:
    outcome = outcome_of_job(failed_job("BackoffLimitExceeded"), pods)
    assert outcome == Outcome(Reason.BACKOFF_LIMIT_EXCEEDED, tries)


def test_text_of_just_the_limit_is_not_cut() -> None:
    assert plain("x" * 1024) == "x" * 1024
    assert plain("abcd", limit=3) == "ab…"
