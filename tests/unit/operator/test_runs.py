"""What is known of runs, in whatever order it became known."""

import json
from datetime import timedelta

import pytest

from segcompress_operator.planning.outcomes import is_preempted
from segcompress_operator.planning.plan import Refusal
from unit.operator.fed import REF, Fed, versioned
from unit.operator.samples import (
    NOW,
    OWNER,
    at,
    ended_body,
    job_body,
    make_resource,
    pod_body,
    resource_body,
    result,
)

RESOURCE = make_resource()
DONE = {"observedGeneration": 1, "conditions": [{"type": "Finished", "status": "True"}]}


@pytest.fixture
def fed() -> Fed:
    feed = Fed()
    feed.resources.seen(resource_body())
    feed.jobs.seen(job_body())
    feed.woken.clear()
    return feed


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


def test_pod_seen_before_its_job_is_found_later() -> None:
    fed = Fed()
    fed.resources.seen(resource_body())
    fed.pods.seen(pod_body())
    fed.woken.clear()
    fed.jobs.seen(job_body())
    assert fed.waking == [REF]
    assert [pod.name for pod in fed.runs.observe(RESOURCE).pods] == ["demo-pod"]


def test_only_the_pods_of_the_last_job_count(fed: Fed) -> None:
    fed.jobs.seen(job_body(2))
    fed.pods.seen(pod_body(name="first"))
    second = pod_body(name="second")
    second["metadata"]["ownerReferences"][0]["uid"] = "job-2"
    fed.pods.seen(second)
    observed = fed.runs.observe(RESOURCE)
    assert [job.start for job in observed.jobs] == [1, 2]
    assert [pod.name for pod in observed.pods] == ["second"]


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


def test_resource_of_the_same_name_replaces_the_old_one(fed: Fed) -> None:
    fed.resources.seen(versioned(resource_body(uid="another"), 50))
    fed.resources.gone(resource_body())
    found = fed.runs.resource(REF)
    assert found is not None
    assert found.uid == "another"
    assert fed.runs.observe(found).jobs == ()


def test_running_pod_that_goes_is_forgotten(fed: Fed) -> None:
    fed.pods.seen(pod_body(phase="Running"))
    fed.pods.gone(pod_body(phase="Running"))
    assert fed.runs.observe(RESOURCE).pods == ()


def test_last_words_of_a_pod_outlive_it_until_its_job_goes(fed: Fed) -> None:
    fed.pods.seen(pod_body(phase="Running"))
    fed.pods.gone(ended_body(0, result("Succeeded")))
    fed.pods.listed(None, "50", set())
    assert fed.runs.observe(RESOURCE).pods[0].exit_code == 0
    fed.jobs.gone(job_body())
    assert fed.runs.observe(RESOURCE).jobs == ()
    assert len(fed.runs._pods) == 0


def test_pod_whose_end_was_counted_was_not_let_go(fed: Fed) -> None:
    """The Job controller takes its finalizer off either way, but after the end where it counts that."""
    body = versioned(ended_body(137), 20)
    body["metadata"] |= {"deletionTimestamp": at(-5), "finalizers": ["batch.kubernetes.io/job-tracking"]}
    counted = versioned(body, 21)
    counted["metadata"]["finalizers"] = []
    for tell, told in ((fed.pods.seen, body), (fed.pods.seen, counted), (fed.pods.gone, counted)):
        tell(told)
        (pod,) = fed.runs.observe(RESOURCE).pods
        assert (pod.terminal, pod.released, is_preempted(pod)) == (True, False, False)


def test_pod_of_a_job_that_is_gone_leaves_nothing(fed: Fed) -> None:
    fed.jobs.gone(job_body())
    fed.pods.seen(ended_body(1))
    fed.pods.gone(ended_body(1))
    assert len(fed.runs._pods) == 0


def test_pod_that_runs_is_known_until_its_own_end(fed: Fed) -> None:
    fed.pods.seen(pod_body(phase="Running"))
    fed.jobs.gone(job_body())
    assert len(fed.runs._pods) == 1
    fed.pods.gone(pod_body(phase="Running"))
    assert len(fed.runs._pods) == 0


def test_jobs_that_are_refused_for_a_while_keep_their_pods(fed: Fed) -> None:
    fed.pods.seen(pod_body(phase="Running"))
    fed.jobs.refused(None)
    fed.jobs.seen(job_body())
    fed.jobs.listed(None, "20", {"job-1"})
    assert [pod.name for pod in fed.runs.observe(RESOURCE).pods] == ["demo-pod"]


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


def test_pods_that_were_asked_for_replace_those_that_a_watch_told(fed: Fed) -> None:
    for name in ("ended", "gone", "alive"):
        fed.pods.seen(pod_body(name, {"running": {}}))
    fed.pods.seen(versioned(ended_body(1, name="ended"), 20))
    assert not fed.runs.observe(RESOURCE).asked
    foreign = pod_body("foreign")
    foreign["metadata"]["ownerReferences"][0]["uid"] = "job-9"
    fed.runs.pods_listed("job-1", [versioned(ended_body(0, name="alive"), 30), foreign])
    observed = fed.runs.observe(RESOURCE)
    assert observed.asked
    assert {(pod.name, pod.exit_code) for pod in observed.pods} == {("ended", 1), ("alive", 0)}


def test_pod_that_the_stream_saw_go_does_not_come_back_by_a_list(fed: Fed) -> None:
    fed.pods.seen(versioned(pod_body("late"), 20))
    fed.pods.gone(versioned(pod_body("late"), 21))
    fed.pods.moved(None, "21")
    fed.runs.pods_listed("job-1", [versioned(pod_body("late"), 20)])
    assert fed.runs.observe(RESOURCE).pods == ()


def left_names(fed: Fed) -> list[str] | None:
    left = fed.runs.observe(RESOURCE).left
    return None if left is None else [pod.name for pod in left]


def test_orphaned_pods_are_known_from_the_answer_until_they_end_or_go(fed: Fed) -> None:
    names = ("ends", "goes", "stays")
    bodies = [versioned(pod_body(name), 20) for name in names]
    for body in bodies:
        body["metadata"]["ownerReferences"] = []
    fed.jobs.gone(job_body())
    assert (left_names(fed), fed.runs.observe(RESOURCE).job_went) == (None, True)
    fed.runs.left_listed(RESOURCE, bodies)
    assert left_names(fed) == [*names]
    assert fed.waking
    fed.pods.seen(versioned(ended_body(137, name="ends"), 21))
    assert fed.waking == [REF]
    fed.pods.gone(versioned(pod_body("goes"), 22))
    assert REF in fed.waking
    assert left_names(fed) == ["stays"]


def test_pod_that_is_deleted_before_it_got_a_node_is_not_waited_for(fed: Fed) -> None:
    fed.jobs.gone(job_body())
    never, leaving = versioned(pod_body("never"), 20), versioned(pod_body("leaving"), 20)
    for body in (never, leaving):
        body["metadata"]["deletionTimestamp"] = at(30)
    leaving["spec"] = {"nodeName": "node-7"}
    fed.runs.left_listed(RESOURCE, [never, leaving])
    assert left_names(fed) == ["leaving"]


def test_job_that_comes_ends_the_question_and_one_that_goes_asks_it_anew(fed: Fed) -> None:
    fed.jobs.gone(job_body())
    fed.runs.left_listed(RESOURCE, [])
    assert left_names(fed) == []
    fed.jobs.seen(versioned(job_body(uid="again"), 30))
    assert (left_names(fed), fed.runs.observe(RESOURCE).job_went) == (None, False)
    fed.jobs.gone(versioned(job_body(uid="again"), 31))
    assert (left_names(fed), fed.runs.observe(RESOURCE).job_went) == (None, True)


def test_run_that_has_ended_remembers_no_orphaned_pod(fed: Fed) -> None:
    fed.jobs.gone(job_body())
    fed.runs.left_listed(RESOURCE, [versioned(pod_body("left"), 20)])
    fed.resources.seen(versioned(resource_body(status=DONE), 50))
    assert not any(vars(fed.runs._left).values())


def test_pod_that_a_start_finds_without_a_job_may_be_any_new_runs_of_its_namespace() -> None:
    fed = Fed(listed=False)
    fed.resources.seen(resource_body())
    fed.resources.seen(resource_body(name="far", namespace="audio", uid="far"))
    fed.pods.seen(pod_body("orphan"))
    for sink in (fed.resources, fed.pods, fed.jobs):
        sink.listed(None, "20", {OWNER.uid, "far", "uid-orphan"})
    far = make_resource(name="far", namespace="audio", uid="far")
    assert [fed.runs.observe(each).job_went for each in (RESOURCE, far)] == [True, False]
    fed.pods.seen(versioned(ended_body(0, name="orphan"), 21))
    assert not fed.runs.observe(RESOURCE).job_went


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
    assert (runs._uids, runs._refusals, runs._asked) == ({}, {}, set())
    assert not any(vars(runs._left).values())


def test_resources_are_counted_by_phase() -> None:
    fed = Fed()
    for name, phase in (("a", "Running"), ("b", "Running"), ("c", "Failed"), ("d", "")):
        status = {"status": {"phase": phase}} if phase else {}
        fed.resources.seen(resource_body(name=name, uid=name, **status))
    assert fed.runs.phases() == {"Running": 2, "Failed": 1, "Pending": 1}
