"""What is known of runs, in whatever order it became known."""

import json
from datetime import timedelta

import pytest

from segcompress_operator.planning.plan import Refusal
from unit.operator.fed import DONE, REF, RESOURCE, Fed, fed_with_a_job, versioned
from unit.operator.samples import (
    NOW,
    OWNER,
    at,
    ended_body,
    job_body,
    pod_body,
    resource_body,
    result,
)


@pytest.fixture
def fed() -> Fed:
    return fed_with_a_job()


def test_changes_wake_the_resource(fed: Fed) -> None:
    fed.jobs.seen(versioned(job_body(status={"failed": 1}), 20))
    assert fed.waking == [REF]
    fed.pods.seen(pod_body())
    assert fed.waking == [REF]
    fed.pods.gone(pod_body())
    assert fed.waking == [REF]
    fed.jobs.gone(job_body())
    assert REF in fed.waking


def test_job_that_loses_its_owner_wakes_that_one(fed: Fed) -> None:
    fed.jobs.seen(versioned(job_body(ownerReferences=[]), 20))
    assert fed.waking == [REF]
    assert fed.runs.observe(RESOURCE).jobs == ()


def test_object_whose_facts_did_not_change_wakes_nobody(fed: Fed) -> None:
    fed.pods.seen(pod_body())
    fed.woken.clear()
    fed.resources.seen(versioned(resource_body(), 90))
    fed.jobs.seen(versioned(job_body(annotations={"noise": "1"}), 91))
    fed.pods.seen(versioned(pod_body(podIP="10.0.0.1"), 92))
    assert fed.waking == []


def test_nothing_is_planned_before_every_kind_was_listed() -> None:
    fed = Fed(listed=False)
    fed.resources.seen(resource_body())
    fed.resources.listed(None, "20", {OWNER.uid})
    fed.jobs.listed(None, "20", set())
    assert (fed.waking, fed.runs.resource(REF)) == ([], None)
    fed.pods.listed(None, "20", set())
    assert fed.waking == [REF]
    assert fed.runs.resource(REF) is not None


def test_namespace_that_is_refused_concerns_itself_alone() -> None:
    fed = Fed(listed=False)
    for sink in (fed.resources, fed.jobs, fed.pods):
        sink.listed("vision", "1", set())
    fed.resources.listed("audio", "1", set())
    fed.pods.refused("audio")
    fed.resources.seen(resource_body())
    fed.resources.seen(resource_body(namespace="audio", uid="other"))
    assert fed.waking == [REF]
    assert fed.runs.resource(REF._replace(namespace="audio")) is None


def test_write_answered_after_the_deletion_brings_no_resource_back(fed: Fed) -> None:
    fed.resources.gone(versioned(resource_body(), 30))
    fed.resources.moved(None, "30")
    fed.runs.written(versioned(resource_body(), 25))
    fed.runs.job_written(versioned(job_body(2), 40))
    assert fed.runs.resource(REF) is None
    assert [job.start for job in fed.runs.observe(RESOURCE).jobs] == [1]


def test_write_answered_after_a_replacement_does_not_hide_the_new_resource(fed: Fed) -> None:
    fed.resources.gone(versioned(resource_body(), 30))
    fed.resources.seen(versioned(resource_body(uid="another"), 31))
    fed.resources.moved(None, "31")
    fed.runs.written(versioned(resource_body(), 25))
    found = fed.runs.resource(REF)
    assert found is not None
    assert found.uid == "another"


def test_job_that_lost_its_labels_does_not_come_back_by_the_answer_to_its_deletion(fed: Fed) -> None:
    """No stream would tell that it is gone."""
    fed.jobs.gone(versioned(job_body(labels={}), 30))
    fed.jobs.moved(None, "30")
    fed.runs.job_written(versioned(job_body(labels={}, deletionTimestamp=at(0)), 31))
    assert fed.runs.observe(RESOURCE).jobs == ()


def test_job_that_lost_its_labels_is_known_to_be_deleted_before_a_late_stream_tells_so(fed: Fed) -> None:
    fed.jobs.seen(versioned(job_body(), 20))
    fed.runs.job_written(versioned(job_body(labels={}, deletionTimestamp=at(0)), 31))
    (job,) = fed.runs.observe(RESOURCE).jobs
    assert job.deleting
    fed.jobs.gone(versioned(job_body(labels={}), 30))
    assert fed.runs.observe(RESOURCE).jobs == ()


def test_resource_of_the_same_name_replaces_the_old_one(fed: Fed) -> None:
    fed.resources.seen(versioned(resource_body(uid="another"), 50))
    fed.resources.gone(resource_body())
    found = fed.runs.resource(REF)
    assert found is not None
    assert found.uid == "another"
    assert fed.runs.observe(found).jobs == ()


def test_refusals_of_a_kind_are_one_row_until_the_job_is_made(fed: Fed) -> None:
    def refused() -> Refusal:
        fed.runs.note_refusal(RESOURCE, Refusal("Job", "no", next(times)))
        found = fed.runs.observe(RESOURCE).refusal
        assert found is not None
        return found

    times = iter(NOW + timedelta(seconds=n) for n in range(9))
    assert [refused().since for _ in range(3)] == [None, NOW, NOW]
    fed.runs.job_written(versioned(job_body(), 60))
    assert fed.runs.observe(RESOURCE).refusal is None
    assert refused().since is None


def test_settled_resource_keeps_its_end_and_nothing_else(fed: Fed) -> None:
    fed.pods.seen(ended_body(0, result("Succeeded")))
    status = {**DONE, "phase": "Succeeded", "metrics": {"miouDrop": "0.005"}, "jobName": "x"}
    fed.resources.seen(versioned(resource_body(status=status, labels={"a": "b"}), 50))
    fed.pods.seen(versioned(ended_body(0, result("Succeeded")), 51))
    found = fed.runs.resource(REF)
    assert found is not None
    assert (found.settled, found.spec, found.owner.labels) == (True, b"", {})
    kept = {"phase": "Succeeded", "metrics": {"miouDrop": "0.005"}, "conditions": DONE["conditions"]}
    assert json.loads(found.status) == kept
    assert [pod.message for pod in fed.runs.observe(found).pods] == [""]


def test_job_that_only_claims_to_be_ours_is_not_followed(fed: Fed) -> None:
    fed.jobs.seen(job_body(2, name="evil", uid="evil"))
    assert [job.uid for job in fed.runs.observe(RESOURCE).jobs] == ["job-1"]


def test_job_of_another_namespace_is_not_followed(fed: Fed) -> None:
    """With name and owner reference of a later start, it would have the run's own Job deleted."""
    fed.jobs.seen(job_body(2, uid="evil", namespace="elsewhere"))
    assert [job.uid for job in fed.runs.observe(RESOURCE).jobs] == ["job-1"]


def test_pod_of_another_namespace_says_nothing_of_a_run(fed: Fed) -> None:
    evil = ended_body(0, result("Succeeded"), name="evil")
    fed.pods.seen({**evil, "metadata": {**evil["metadata"], "namespace": "elsewhere"}})
    assert fed.runs.observe(RESOURCE).pods == ()
    assert fed.runs.reporter("uid-evil") is None


def test_forgotten_resource_leaves_nothing(fed: Fed) -> None:
    fed.runs.note_refusal(RESOURCE, Refusal("Job", "no", NOW))
    fed.runs.pods_listed("job-1", [])
    fed.jobs.gone(job_body())
    fed.runs.left_listed(RESOURCE, [pod_body("left")])
    fed.resources.gone(resource_body())
    fed.pods.gone(versioned(pod_body("left"), 30))
    fed.runs.note_refusal(RESOURCE, Refusal("Job", "no", NOW))
    assert fed.runs.resource(REF) is None
    runs = fed.runs
    assert [len(store) for store in (runs._resources, runs._jobs, runs._pods)] == [0, 0, 0]
    assert (runs._resources._uids, runs._refusals, runs._asked) == ({}, {}, set())
    assert not any(vars(runs._left).values())


def test_resources_are_counted_by_phase() -> None:
    fed = Fed()
    for name, phase in (("a", "Running"), ("b", "Running"), ("c", "Failed"), ("d", "")):
        status = {"status": {"phase": phase}} if phase else {}
        fed.resources.seen(resource_body(name=name, uid=name, **status))
    assert fed.runs.phases() == {"Running": 2, "Failed": 1, "Pending": 1}
