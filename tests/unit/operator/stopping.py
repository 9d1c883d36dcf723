"""Runs that are suspended, and pods whose Job somebody else deleted."""

from typing import Any

from segcompress_operator.planning.observed import ObservedJob, ObservedPod
from segcompress_operator.planning.parsing import parse_pod
from segcompress_operator.planning.plan import Observed, Plan
from unit.operator.planned import RUNNING, conditions, plan, status_of
from unit.operator.samples import JOB, at, make_job, pod_body, running_pod, spec_with

SECOND = f"{JOB[:-1]}2"
SUSPEND = spec_with(suspend=True)
STARTS_OVER = "starts over, reusing only weights that were already published"
BEHIND = "pod demo-pod has outlived its Job: it has to end or be deleted first"
WORKING = {**RUNNING, "start": 1, "jobName": JOB, "attempts": {"failed": 1, "preempted": 2}}


def leaving(start: int = 1, **status: Any) -> ObservedJob:
    """Return a Job that is being deleted."""
    return make_job(start, deletionTimestamp=at(-1), status=status)


def suspended(job: ObservedJob = make_job(), pods: tuple[ObservedPod, ...] = (running_pod(),)) -> Plan:  # noqa: B008 - records never change
    """Return the plan for a run that is suspended while it has a Job."""
    return plan(Observed(jobs=(job,), pods=pods), spec=SUSPEND, status=WORKING, generation=2)


def written(made: Plan) -> dict[str, Any]:
    return status_of(made).to_wire()


def events(made: Plan) -> list[tuple[str, str]]:
    return [(said.reason, said.message) for said in made.announcements]


def since(status: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Return a status whose conditions have stood since then."""
    conditions = [{**each, "lastTransitionTime": at(seconds)} for each in status["conditions"]]
    return {**status, "conditions": conditions}


GONE = written(plan(Observed(), spec=SUSPEND, status=written(suspended()), generation=2))
"""The status of a suspended run whose Job is gone."""


def reconciling_status(made: Plan) -> str:
    return conditions(made)["Reconciling"]


def pods_left(*pods: ObservedPod, **resource: Any) -> Plan:
    return plan(Observed(left=pods), **{"status": WORKING, **resource})


def lost_pod() -> ObservedPod:
    body = pod_body("lost", {"running": {"startedAt": at(-99)}}, "Running")
    body["metadata"]["deletionTimestamp"] = at(-20)
    body["spec"] = {"nodeName": "node-7"}
    return parse_pod(body)
