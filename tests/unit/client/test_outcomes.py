"""The client's words for each state that the operator writes."""

from datetime import UTC, datetime, timedelta

import pytest

from segcompress.client import outcome, seconds_left
from segcompress.client.outcomes import standing
from segcompress_api.progress import JobProgress
from unit.client.jobs import STATES, at_step, job_in

UPDATED = datetime(2026, 11, 1, 12, tzinfo=UTC)
ENDED = {
    "succeeded": (True, "Succeeded"),
    "reused": (True, "Reused"),
    "gate-missed": (False, "AcceptanceNotMet"),
    "input-not-found": (False, "InputNotFound"),
    "backoff-limit": (False, "BackoffLimitExceeded"),
    "stopped-early": (False, "StoppedEarly"),
}


@pytest.mark.parametrize("state", STATES)
def test_outcome_is_known_once_a_job_has_finished(state: str) -> None:
    ended = outcome(job_in(state))
    assert (ended and (ended.succeeded, ended.reason)) == ENDED.get(state)


def test_outcome_reads_as_reason_and_message() -> None:
    assert str(outcome(job_in("gate-missed"))).startswith("AcceptanceNotMet: mIoU dropped by 0.0352; at most")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        pytest.param("new", "Pending", id="unseen by the operator"),
        pytest.param("running", "Running", id="running"),
        pytest.param("queued", "Queued", id="queued"),
        pytest.param(
            "secret-not-found",
            'Pending (SecretNotFound: pod demo-pod: secret "object-store" not found',
            id="waits",
        ),
        pytest.param("retrying", "Running (Retrying", id="retrying"),
        pytest.param("suspended", "Suspended", id="suspended"),
        pytest.param("succeeded", "Succeeded (Succeeded: mIoU 0.9235", id="succeeded"),
        pytest.param("input-not-found", "Failed (InputNotFound: s3://datasets/people/train.txt", id="failed"),
    ],
)
def test_standing_says_what_a_job_waits_for(state: str, words: str) -> None:
    assert standing(job_in(state)).startswith(words)


@pytest.mark.parametrize(
    ("later", "left"), [(0, 60), (45, 15), (90, 0), (-10, 60)], ids=["new", "old", "overdue", "clocks differ"]
)
def test_time_left_shrinks_with_the_age_of_the_estimate(later: int, left: int) -> None:
    progress = JobProgress.model_validate(at_step(40))
    assert seconds_left(progress, UPDATED + timedelta(seconds=later)) == left


def test_time_left_is_unknown_without_an_estimate() -> None:
    assert seconds_left(JobProgress.model_validate(at_step(40, eta=None)), UPDATED) is None
