"""Jobs in each state that the operator writes, for tests of the client."""

from typing import Any

from segcompress.client.kinds import JOBS
from segcompress.client.manifests import as_type
from segcompress_api.job import SegCompressionJob
from states import states

STATES = states()


def job_in(state: str, **status: Any) -> SegCompressionJob:
    """Return the job `demo` in one of the states of `tests/states.py`, with some status fields replaced."""
    body = STATES[state]
    return as_type({**body, "status": {**body["status"], **status}}, JOBS)


def at_step(step: int, total: int | None = 100, eta: int | None = 60) -> dict[str, Any]:
    """Return status.progress at that step of Compress."""
    percent = {} if total is None else {"totalSteps": total, "percent": 100 * step // total}
    left = {} if eta is None else {"etaSeconds": eta}
    return {"stage": "Compress", "step": step, "lastUpdateTime": "2026-11-01T12:00:00Z", **percent, **left}
