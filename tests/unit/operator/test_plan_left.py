"""Pods whose Job somebody else deleted: no other pod of their run starts beside them."""

from dataclasses import replace
from typing import Any

import pytest

from segcompress_operator.planning.job import plan_job
from segcompress_operator.planning.parsing import parse_pod
from segcompress_operator.planning.plan import Observed, Plan, Refusal
from unit.operator.planned import conditions, failure, reconciling
from unit.operator.samples import JOB, NOW, SETTINGS, at, make_resource, pod_body, running_pod, spec_with
from unit.operator.stopping import (
    BEHIND,
    GONE,
    SECOND,
    SUSPEND,
    WORKING,
    lost_pod,
    pods_left,
    reconciling_status,
    since,
    written,
)


def test_run_without_a_job_asks_for_orphaned_pods_of_its_last_one() -> None:
    assert plan_job(make_resource(status=WORKING), Observed(), SETTINGS, NOW) == Plan(list_left_of=(JOB,))
    made = plan_job(make_resource(status=WORKING), Observed(left=()), SETTINGS, NOW)
    assert made.create is not None
    assert made.create["metadata"]["name"] == JOB


def test_first_start_asks_nothing() -> None:
    made = plan_job(make_resource(), Observed(), SETTINGS, NOW)
    assert (made.create is None, made.list_left_of) == (False, ())


def test_job_that_went_before_the_status_named_it_is_asked_for() -> None:
    made = plan_job(make_resource(), Observed(job_went=True), SETTINGS, NOW)
    assert made == Plan(list_left_of=(JOB,))
    held = plan_job(make_resource(), Observed(job_went=True, left=(running_pod(),)), SETTINGS, NOW)
    assert (held.create, reconciling(held)) == (None, ("Pending", f"{BEHIND}; start 1 follows"))


@pytest.mark.parametrize("name", ["../../secrets/object-store", "other-2x", "other-9999999999"])
def test_name_that_others_wrote_into_the_status_is_never_asked_for(name: str) -> None:
    resource = make_resource(status={**WORKING, "jobName": name})
    assert plan_job(resource, Observed(), SETTINGS, NOW).list_left_of == (JOB,)


def test_resumed_run_asks_for_the_start_before_and_for_its_own() -> None:
    resource = make_resource(status=GONE, generation=3)
    assert plan_job(resource, Observed(job_went=True), SETTINGS, NOW).list_left_of == (JOB, SECOND)


@pytest.mark.parametrize(
    ("observed", "spec", "reason"),
    [
        pytest.param(Observed(), spec_with(storage=None), "InvalidSpec", id="a wrong spec"),
        pytest.param(Observed(conflict=JOB), spec_with(), "NameConflict", id="a foreign Job"),
        pytest.param(
            Observed(refusal=Refusal("Job", "no", NOW, final=True)), spec_with(), "InvalidSpec", id="refused"
        ),
        pytest.param(
            Observed(refusal=Refusal("Job", "exceeded quota: none", NOW)),
            spec_with(activeDeadlineSeconds=60),
            "DeadlineExceeded",
            id="too late",
        ),
    ],
)
def test_run_ends_once_its_orphaned_pod_has_ended(
    observed: Observed, spec: dict[str, Any], reason: str
) -> None:
    resource = make_resource(spec=spec, status=since(WORKING, -70))
    assert plan_job(resource, observed, SETTINGS, NOW) == Plan(list_left_of=(JOB,))
    made = plan_job(resource, replace(observed, left=(running_pod(),)), SETTINGS, NOW)
    said, words = reconciling(made)
    assert (said, made.create) == ("Pending", None)
    assert words.startswith(f"{BEHIND}; then the run ends: ")
    lost = plan_job(resource, replace(observed, left=(lost_pod(),)), SETTINGS, NOW)
    assert reconciling(lost)[0] == "NodeLost"
    gone = plan_job(resource, replace(observed, left=()), SETTINGS, NOW)
    assert failure(gone)[0] == reason


def test_orphaned_pod_requeues_the_run_when_it_will_count_as_lost() -> None:
    body = pod_body("p", {"running": {"startedAt": at(-99)}}, "Running")
    body["metadata"]["deletionTimestamp"] = at(30)
    body["spec"] = {"nodeName": "node-7"}
    assert pods_left(parse_pod(body)).requeue_after == 45


def test_no_job_is_made_beside_an_orphaned_pod() -> None:
    made = pods_left(running_pod())
    assert (made.create, made.requeue_after) == (None, None)
    assert reconciling(made) == ("Pending", f"{BEHIND}; start 1 follows")


def test_orphaned_pod_on_a_lost_node_is_named() -> None:
    made = pods_left(lost_pod())
    reason, message = reconciling(made)
    assert (made.create, reason) == (None, "NodeLost")
    assert "pod lost on node node-7" in message
    assert "the run continues with start 1 once the node answers" in message


def test_run_is_suspended_once_its_orphaned_pod_has_ended() -> None:
    made = pods_left(running_pod(), spec=SUSPEND, generation=2)
    assert conditions(made)["Suspended"] == "True"
    assert reconciling(made) == ("Suspended", BEHIND)
    assert made.requeue_after is None
    rest = pods_left(spec=SUSPEND, generation=2, status=written(made))
    assert (reconciling_status(rest), rest.requeue_after) == ("False", None)
    resource = make_resource(spec=SUSPEND, generation=2, status=written(rest))
    assert plan_job(resource, Observed(), SETTINGS, NOW).list_left_of == ()
