"""The index: what the watches saw, in whatever order they saw it."""

from typing import Any

import pytest

from segcompress_operator.index import Index
from unit.operator.samples import (
    DISRUPTED,
    OWNER,
    ended_body,
    job_body,
    make_resource,
    pod_body,
    resource_body,
    result,
)

KEY = "vision/demo"
RESOURCE = make_resource()


@pytest.fixture
def index() -> Index:
    seen = Index([])
    seen.see_resource(resource_body())
    seen.see_job(job_body())
    return seen


def versioned(body: dict[str, Any], version: int) -> dict[str, Any]:
    return {**body, "metadata": {**body["metadata"], "resourceVersion": str(version)}}


def test_events_lead_to_the_resource(index: Index) -> None:
    assert index.see_job(job_body()) == KEY
    assert index.see_pod(pod_body()) == KEY
    assert index.forget_pod(pod_body()) == KEY
    assert index.forget_job(job_body()) == KEY


def test_pod_seen_before_its_job_is_found_later() -> None:
    index = Index([])
    index.see_resource(resource_body())
    assert index.see_pod(pod_body()) is None
    assert index.see_job(job_body()) == KEY
    assert [pod.name for pod in index.observe(RESOURCE).pods] == ["demo-pod"]


def test_older_version_never_replaces_a_newer_one(index: Index) -> None:
    index.see_job(versioned(job_body(status={"failed": 2}), 99))
    index.see_job(versioned(job_body(status={"failed": 1}), 98))
    assert index.observe(RESOURCE).jobs[0].failed_pods == 2


def test_resource_of_the_same_name_replaces_the_old_one(index: Index) -> None:
    index.see_resource(versioned(resource_body(uid="another"), 5))
    index.forget_resource(resource_body())
    found = index.resource(KEY)
    assert found is not None
    assert found.owner.uid == "another"
    assert index.observe(found).jobs == ()


def test_running_pod_that_goes_is_forgotten(index: Index) -> None:
    index.see_pod(pod_body(phase="Running"))
    index.forget_pod(pod_body(phase="Running"))
    assert index.observe(RESOURCE).pods == ()


def test_last_words_of_a_pod_outlive_it_until_its_job_goes(index: Index) -> None:
    index.see_pod(pod_body(phase="Running"))
    index.forget_pod(ended_body(0, result("Succeeded")))
    assert index.observe(RESOURCE).pods[0].exit_code == 0
    index.forget_job(job_body())
    assert index.observe(RESOURCE).jobs == ()
    assert index._pods == {}


def test_vanished_pod_is_known_by_its_uid_alone(index: Index) -> None:
    index.see_pod(pod_body(phase="Running"))
    stub = {"metadata": {"uid": "uid-demo-pod", "name": "demo-pod", "namespace": "vision"}}
    assert index.forget_pod(stub) == KEY
    assert index.observe(RESOURCE).pods == ()


def test_pod_of_a_job_that_is_gone_leaves_nothing(index: Index) -> None:
    index.forget_job(job_body())
    index.see_pod(ended_body(1))
    index.forget_pod(ended_body(1))
    assert (index._pods, dict(index._pods_of)) == ({}, {})


def test_each_preempted_pod_counts_once(index: Index) -> None:
    for name in ("a", "b"):
        index.see_pod(ended_body(5, name=name))
        index.count_preemptions(RESOURCE, 0)
        index.count_preemptions(RESOURCE, 0)
    index.forget_pod(ended_body(137, name="a", conditions=DISRUPTED))
    index.count_preemptions(RESOURCE, 0)
    assert index.observe(RESOURCE).preempted == 2


def test_count_goes_on_after_a_restart(index: Index) -> None:
    index.see_pod(ended_body(5, name="still there"))
    index.count_preemptions(RESOURCE, 3)
    assert index.observe(RESOURCE).preempted == 3
    index.see_pod(ended_body(5, name="new"))
    index.count_preemptions(RESOURCE, 3)
    assert index.observe(RESOURCE).preempted == 4


def test_settled_resource_keeps_no_messages(index: Index) -> None:
    index.see_pod(ended_body(0, result("Succeeded")))
    done = {
        "observedGeneration": 1,
        "conditions": [{"type": "Finished", "status": "True"}],
    }
    index.see_resource(versioned(resource_body(status=done), 50))
    index.see_pod(versioned(ended_body(0, result("Succeeded")), 51))
    found = index.resource(KEY)
    assert found is not None
    assert (found.settled, found.spec, found.status) == (True, b"", b"")
    assert [pod.message for pod in index.observe(found).pods] == [""]


def test_ready_once_every_listed_object_was_taken_in() -> None:
    index = Index([("segcompressionjobs", None), ("jobs", None)])
    index.see_resource(resource_body())
    index.listed(("segcompressionjobs", None), [OWNER.uid])
    assert not index.ready.is_set()
    index.listed(("jobs", None), ["job-1"])
    assert not index.ready.is_set()
    index.see_job(job_body())
    assert index.ready.is_set()


def test_object_that_went_at_once_does_not_hold_up_the_start() -> None:
    index = Index([("jobs", None)])
    index.listed(("jobs", None), ["job-1"])
    index.forget_job(job_body())
    assert index.ready.is_set()


def test_job_that_only_claims_to_be_ours_is_not_followed(index: Index) -> None:
    index.see_job(job_body(2, name="evil", uid="evil"))
    assert [job.uid for job in index.observe(RESOURCE).jobs] == ["job-1"]


def test_forgotten_resource_leaves_nothing(index: Index) -> None:
    index.count_preemptions(RESOURCE, 0)
    index.forget_resource(resource_body())
    index.forget_job(job_body())
    assert index.resource(KEY) is None
    held = (index._resources, index._keys, index._jobs, dict(index._jobs_of), index._preemptions)
    assert held == ({}, {}, {}, {}, {})
