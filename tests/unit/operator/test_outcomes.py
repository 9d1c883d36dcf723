"""How pods and Jobs ended: what counts, and what may be shown of it."""

import pytest

from segcompress_api.conditions import Reason
from segcompress_operator.planning.outcomes import outcome_of_pod, plain, tells
from unit.operator.samples import complete_job, ended_pod, failed_job, running_pod


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
    assert tells(complete_job(), [ended_pod(0)])
    assert not tells(complete_job(), [ended_pod(1)])
    failed = failed_job("PodFailurePolicy")
    assert tells(failed, [ended_pod(3)])
    assert not tells(failed, [ended_pod(0), running_pod()])


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
