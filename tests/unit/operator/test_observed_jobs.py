"""What is kept of a Job: every fact of one that says all, and the defaults of one that says nothing."""

import pytest

from segcompress_operator.planning.observed import ObservedJob
from segcompress_operator.planning.parsing import controller_uid, parse_time
from unit.operator.kept import BARE, EPOCH, META, OWNED, facts, moment, parse_job, said

LABELS = {"segcompress.dev/start": "2", "kueue.x-k8s.io/queue-name": "team"}
FAILED = {
    "type": "Failed",
    "status": "True",
    "reason": "PodFailurePolicy",
    "message": "x" * 5000,
    "lastTransitionTime": said(8),
}
FAILED_JOB = {
    "metadata": {**META, **OWNED, "labels": LABELS},
    "spec": {
        "suspend": True,
        "backoffLimit": 4,
        "activeDeadlineSeconds": 100,
        "ttlSecondsAfterFinished": 9,
        "managedBy": "kueue.x-k8s.io/multikueue",
    },
    "status": {"active": 1, "failed": 3, "startTime": said(6), "conditions": [FAILED]},
}


def test_facts_of_a_job() -> None:
    assert facts(parse_job(FAILED_JOB)) == facts(
        ObservedJob(
            uid="u",
            namespace="vision",
            name="n",
            owner_uid="owner",
            start=2,
            resource_version="12",
            created=moment(1),
            deleting=True,
            suspended=True,
            ending=False,
            complete=False,
            failure="PodFailurePolicy",
            failure_message="x" * 4096,
            active_pods=1,
            failed_before=0,
            failed_pods=3,
            backoff_limit=4,
            deadline_seconds=100,
            ttl=9,
            started=moment(6),
            ended=moment(8),
            queue="team",
            manager="kueue.x-k8s.io/multikueue",
        )
    )


def test_facts_of_a_job_that_says_nothing() -> None:
    assert facts(parse_job(BARE)) == facts(
        ObservedJob(
            uid="u",
            namespace="",
            name="n",
            owner_uid="",
            start=1,
            resource_version="",
            created=EPOCH,
            deleting=False,
            suspended=False,
            ending=False,
            complete=False,
            failure=None,
            failure_message="",
            active_pods=0,
            failed_before=0,
            failed_pods=0,
            backoff_limit=6,
            deadline_seconds=0,
            ttl=None,
            started=None,
            ended=None,
            queue="",
            manager="",
        )
    )


@pytest.mark.parametrize("type_", ["FailureTarget", "SuccessCriteriaMet"])
def test_a_job_is_ending_from_the_moment_that_its_controller_decided(type_: str) -> None:
    def ending(status: str) -> bool:
        return parse_job({**BARE, "status": {"conditions": [{"type": type_, "status": status}]}}).ending

    assert ending("True")
    assert not ending("False")


def test_end_of_a_job_is_its_completion_or_the_moment_that_it_failed() -> None:
    complete = {"type": "Complete", "status": "True", "lastTransitionTime": said(8)}
    completed = parse_job({**BARE, "status": {"completionTime": said(7), "conditions": [complete]}})
    assert (completed.complete, completed.ended, completed.failure) == (True, moment(7), None)
    assert parse_job({**BARE, "status": {"conditions": [complete]}}).ended == moment(8)
    silent = parse_job({**BARE, "status": {"conditions": [{"type": "Failed", "status": "True"}]}})
    assert (silent.failure, silent.failure_message, silent.ended) == ("", "", None)


def test_only_a_controller_is_an_owner() -> None:
    assert controller_uid({"metadata": {"ownerReferences": [{"uid": "x"}]}}) == ""
    assert controller_uid({"metadata": {"ownerReferences": [{"controller": True}]}}) == ""
    assert controller_uid({"metadata": OWNED}) == "owner"


def test_a_time_without_a_zone_is_utc_and_what_is_no_time_is_none() -> None:
    assert parse_time("2026-11-01T12:00:03") == moment(3)
    assert parse_time("2026-11-01T14:00:03+02:00") == moment(3)
    assert parse_time("soon") is None
    assert parse_time(None) is None
