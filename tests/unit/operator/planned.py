"""One reconciliation of the sample resource, and what its plan says."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from segcompress_api.conditions import Reason
from segcompress_api.status import JobStatus
from segcompress_operator.planning.job import plan_job
from segcompress_operator.planning.plan import Observed, Plan
from segcompress_operator.planning.progress import Progress
from segcompress_operator.planning.statuses import in_progress
from segcompress_operator.settings import RunnerSettings
from unit.operator.samples import (
    ARTIFACTS,
    METRICS,
    NOW,
    SETTINGS,
    make_resource,
)

PUBLISHED: dict[str, Any] = {"metrics": METRICS, "artifacts": ARTIFACTS}
RUNNING = in_progress(JobStatus(), Progress(Reason.RUNNING, "pod demo-pod is running"), 1, NOW).to_wire()


def waiting(seconds: float) -> dict[str, Any]:
    """Return the status of a run that has had no Job since `seconds` from now."""
    since = NOW + timedelta(seconds=seconds)
    return in_progress(JobStatus(), Progress(Reason.PENDING, ""), 1, since).to_wire()


def plan(observed: Observed, settings: RunnerSettings = SETTINGS, **resource: Any) -> Plan:
    """Return the plan; as in a cluster, no pod is left of a Job that is gone, unless `observed` has it."""
    made = plan_job(make_resource(**resource), observed, settings, NOW)
    if not made.list_left_of:
        return made
    return plan_job(make_resource(**resource), replace(observed, left=()), settings, NOW)


def status_of(made: Plan) -> JobStatus:
    assert made.status is not None
    return made.status


def conditions(made: Plan) -> dict[str, str]:
    return {c.type: c.status for c in status_of(made).conditions}


def reconciling(made: Plan) -> tuple[str, str]:
    found = next(c for c in status_of(made).conditions if c.type == "Reconciling")
    assert found.status == "True"
    return found.reason, found.message


def failure(made: Plan) -> tuple[str, str]:
    found = next(c for c in status_of(made).conditions if c.type == "Failed")
    assert found.status == "True"
    return found.reason, found.message
