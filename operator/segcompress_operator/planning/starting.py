"""The start of a run: its Job, or why there is none yet."""

from datetime import timedelta

from segcompress_api.conditions import Reason
from segcompress_api.errors import InvalidSpecError
from segcompress_api.job import JobSpec
from segcompress_api.status import JobStatus
from segcompress_operator.planning.ending import count_attempts, end, too_late
from segcompress_operator.planning.observed import ObservedJob
from segcompress_operator.planning.outcomes import Outcome
from segcompress_operator.planning.plan import Plan, Refusal
from segcompress_operator.planning.progress import Progress, refused
from segcompress_operator.planning.rounds import Round, soonest
from segcompress_operator.planning.spec import check_spec, parse_spec
from segcompress_operator.resources.names import runner_job_name
from segcompress_operator.resources.runner_job import make_runner_job

WATCH_LAG_SECONDS = 3.0
"""A new run's first status waits this long for its pod, so that Pending and Running are often one write."""

LAST_START = 2
"""One start, and one more that finds the first one's manifest where its result was lost."""


def start(look: Round, before: ObservedJob | None = None) -> Plan:
    """Make the Job of the next start, or say why there is none; `before` is the one whose result was lost."""
    observed, owner = look.observed, look.resource.owner
    if observed.conflict:
        return end(look, _name_conflict(observed.conflict), before)
    try:
        spec = parse_spec(look.resource)
        check_spec(spec, owner.labels, look.settings)
        number = before.start + 1 if before else _start_number(look)
        job = make_runner_job(owner, spec, number, look.settings)
    except InvalidSpecError as error:
        return end(look, Outcome(Reason.INVALID_SPEC, str(error)), before)
    refusal = observed.refused("Job")
    if refusal is not None and look.now < refusal.next_try(refusal.since or refusal.seen):
        return _wait(look, refusal, spec, before)
    status = _once_more(look, before, job["metadata"]["name"]) if before else None
    return Plan(create=job, status=status, requeue_after=WATCH_LAG_SECONDS)


def _wait(look: Round, refusal: Refusal, spec: JobSpec, before: ObservedJob | None) -> Plan:
    """Say why the Job cannot be made, until that is mended or the deadline has come."""
    if refusal.final:
        return end(look, Outcome(Reason.INVALID_SPEC, refused(refusal.message).message), before)
    deadline = look.resource.created + timedelta(seconds=spec.active_deadline_seconds)
    if look.now >= deadline:
        return end(look, too_late(look, spec.active_deadline_seconds), before)
    status, reword = look.in_progress(refused(refusal.message))
    again = refusal.next_try(refusal.since or refusal.seen)
    return Plan(
        status=status, requeue_after=soonest(look.seconds_until(again), look.seconds_until(deadline), reword)
    )


def _once_more(look: Round, before: ObservedJob, job_name: str) -> JobStatus:
    """Return the status while a second pod finds the published manifest and reports it."""
    status, _ = look.in_progress(
        Progress(
            Reason.RETRYING,
            f"the result of Job {before.name} could not be read; one more pod looks for what it published",
        )
    )
    return status.model_copy(update={"job_name": job_name, "attempts": count_attempts(look, before)})


def _name_conflict(job_name: str) -> Outcome:
    return Outcome(
        Reason.NAME_CONFLICT,
        f"Job {job_name} exists and belongs to something else; delete it and make this resource again",
    )


def _start_number(look: Round) -> int:
    """Return the start that the status speaks of: a Job that vanished is made again under its name."""
    owner = look.resource.owner
    numbers = (
        n
        for n in range(1, LAST_START + 1)
        if runner_job_name(owner.name, owner.uid, n) == look.status.job_name
    )
    return next(numbers, 1)
