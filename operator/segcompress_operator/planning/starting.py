"""The start of a run: its Job, or why there is none yet."""

from datetime import datetime, timedelta

from segcompress_api.conditions import ConditionType, Reason
from segcompress_api.errors import InvalidSpecError
from segcompress_api.job import JobSpec
from segcompress_api.status import JobStatus
from segcompress_operator.planning.ending import attempts_before, end, too_late
from segcompress_operator.planning.observed import ObservedJob
from segcompress_operator.planning.outcomes import Outcome
from segcompress_operator.planning.parsing import parse_time
from segcompress_operator.planning.plan import Plan, Refusal
from segcompress_operator.planning.progress import after_a_lost_result, refused
from segcompress_operator.planning.rounds import Round, soonest
from segcompress_operator.planning.spec import check_spec, parse_spec
from segcompress_operator.planning.stopping import resumed, wait_for_left
from segcompress_operator.resources.names import runner_job_name
from segcompress_operator.resources.runner_job import make_runner_job

WATCH_LAG_SECONDS = 3.0
"""A new run's first status waits this long for its pod, so that Pending and Running are often one write."""


def start(round_: Round, before: ObservedJob | None = None) -> Plan:
    """Make the Job of the next start, or say why there is none; `before` is the one whose result was lost.

    The number of the start stands in the status, and the Job's name follows from it: whoever tries again
    finds what the first try made.
    """
    observed, owner = round_.observed, round_.resource.owner
    if observed.conflict:
        return _end(round_, _name_conflict(observed.conflict), before)
    number = _number(round_, before)
    try:
        spec = parse_spec(round_.resource)
        check_spec(spec, owner.labels, round_.settings)
        job = make_runner_job(owner, spec, number, round_.settings, _failed_before(round_, number))
    except InvalidSpecError as error:
        return _end(round_, Outcome(Reason.INVALID_SPEC, str(error)), before)
    refusal = observed.refused("Job")
    if refusal is not None and round_.now < refusal.next_try(refusal.since or refusal.seen):
        return _wait(round_, refusal, spec, before)
    waiting = wait_for_left(round_, number)
    if waiting is not None:
        return waiting
    if before is None:
        return Plan(create=job, requeue_after=WATCH_LAG_SECONDS)
    status = _once_more(round_, before, number, job["metadata"]["name"])
    said = resumed(round_, number)
    return Plan(create=job, status=status, announcements=said, requeue_after=WATCH_LAG_SECONDS)


def _number(round_: Round, before: ObservedJob | None) -> int:
    """Return the number of the start to be made."""
    return max(before.start + 1 if before else 1, round_.status.start or 1)


def _end(round_: Round, outcome: Outcome, before: ObservedJob | None) -> Plan:
    """End the run once none of its pods is left."""
    return wait_for_left(round_, _number(round_, before), outcome) or end(round_, outcome, before)


def _failed_before(round_: Round, number: int) -> int:
    """Return how many pods have failed in a Job of that start, which somebody deleted."""
    name = runner_job_name(round_.resource.owner.name, round_.resource.uid, number)
    return attempts_before(round_, name).failed


def _wait(round_: Round, refusal: Refusal, spec: JobSpec, before: ObservedJob | None) -> Plan:
    """Say why the Job cannot be made, until that is mended or the deadline has come."""
    if refusal.final:
        return _end(round_, Outcome(Reason.INVALID_SPEC, refused(refusal.message).message), before)
    deadline = _asked_for(round_, before) + timedelta(seconds=spec.active_deadline_seconds)
    if round_.now >= deadline:
        return _end(round_, too_late(round_, spec.active_deadline_seconds), before)
    status, reword = round_.in_progress(refused(refusal.message))
    again = refusal.next_try(refusal.since or refusal.seen)
    return Plan(
        status=status,
        announcements=resumed(round_, round_.status.start or 1),
        requeue_after=soonest(round_.seconds_until(again), round_.seconds_until(deadline), reword),
    )


def _asked_for(round_: Round, before: ObservedJob | None) -> datetime:
    """Return when this start was first due: the run was seen first, resumed, or its last Job ended.

    Not when the resource was created: the operator may have been away for longer than the deadline.
    """
    if before is not None:
        return before.ended or round_.now
    suspended = round_.condition(ConditionType.SUSPENDED)
    since = suspended.last_transition_time if suspended and suspended.status == "False" else None
    return parse_time(since) or round_.now


def _once_more(round_: Round, before: ObservedJob, number: int, job_name: str) -> JobStatus:
    """Return the status while a second pod finds the published manifest and reports it."""
    status, _ = round_.in_progress(after_a_lost_result(before))
    attempts = attempts_before(round_, job_name)
    return status.model_copy(update={"start": number, "job_name": job_name, "attempts": attempts})


def _name_conflict(job_name: str) -> Outcome:
    return Outcome(
        Reason.NAME_CONFLICT,
        f"Job {job_name} exists and belongs to something else; delete it, then create this resource again",
    )
