"""A Job without a pod: it is asked why, and says so."""

from datetime import timedelta
from typing import Any

import pytest

from segcompress_operator.planning.following import QUIET_SECONDS
from segcompress_operator.planning.plan import FIRST_TRY_SECONDS, LAST_TRY_SECONDS, Observed, Refusal
from unit.operator.planned import plan, reconciling
from unit.operator.samples import NOW, at, ended_pod, make_job, pending_pod, running_pod


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
