"""What is known of the pods of runs, and of those that outlive their Job."""

import pytest

from segcompress_operator.planning.outcomes import is_preempted
from unit.operator.fed import DONE, REF, RESOURCE, Fed, fed_with_a_job, versioned
from unit.operator.samples import (
    OWNER,
    at,
    ended_body,
    job_body,
    make_resource,
    pod_body,
    resource_body,
    result,
)


@pytest.fixture
def fed() -> Fed:
    return fed_with_a_job()


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
