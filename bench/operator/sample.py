"""The bodies that a client without logic sends: those that the operator makes for the same resource."""

from datetime import UTC, datetime
from typing import Any

from integration.operator.objects import SPEC, SUCCEEDED
from segcompress_api.conditions import Reason
from segcompress_api.contract import parse_run_result
from segcompress_api.status import JobStatus
from segcompress_operator.planning.outcomes import Outcome
from segcompress_operator.planning.parsing import parse_resource
from segcompress_operator.planning.progress import Progress
from segcompress_operator.planning.spec import parse_spec
from segcompress_operator.planning.statuses import ended_at, in_progress, succeeded
from segcompress_operator.resources.runner_job import make_runner_job
from segcompress_operator.settings import RunnerSettings

IMAGE = "registry.example.com/segcompress-runner:bench"


def sample() -> dict[str, Any]:
    """Return a Job, and a resource's status while it runs and at its end."""
    now = datetime.now(UTC)
    meta = {"namespace": "bench", "name": "job-0", "uid": "uid"}
    resource = parse_resource({"metadata": meta, "spec": SPEC})
    job = make_runner_job(resource.owner, parse_spec(resource), 1, RunnerSettings(image=IMAGE))
    running = in_progress(JobStatus(), Progress(Reason.RUNNING, "pod job-0-x7k2p is running"), 1, now)
    outcome = Outcome(Reason.SUCCEEDED, "mIoU 0.9235", parse_run_result(SUCCEEDED))
    ended = ended_at(succeeded(running, outcome, 1, now), now)
    return {"job": job, "running": running.to_wire(), "succeeded": ended.to_wire()}
