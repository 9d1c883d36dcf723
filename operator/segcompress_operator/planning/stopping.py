"""A run that stops before its end: suspended, preempted too often, or handed to another cluster.

Its Job is deleted in the foreground and so stays until its pods are gone: no two pods ever compute for one
run, and nobody is told that a run has stopped while one of them still does.
"""

from dataclasses import replace

from segcompress_api.conditions import ConditionType, Reason, status_of
from segcompress_api.errors import InvalidSpecError
from segcompress_api.status import Attempts
from segcompress_operator.planning import statuses
from segcompress_operator.planning.ending import count_attempts, end, job_fields
from segcompress_operator.planning.observed import ObservedJob
from segcompress_operator.planning.outcomes import Outcome, plain, told
from segcompress_operator.planning.plan import Announcement, Deletion, Plan
from segcompress_operator.planning.progress import Progress, is_over, lost_pod
from segcompress_operator.planning.rounds import Round, soonest
from segcompress_operator.resources.names import QUEUE_LABEL

_STARTS_OVER = "starts over, and of what it did before only weights that it had published are used"


def stop(look: Round, job: ObservedJob | None) -> Plan | None:
    """Return what stops the run, or keeps it stopped; None where it goes on or has ended by itself.

    Of a Job that is deleted, the Job controller no longer says how it ends, and it may fail because of that:
    its pods tell whether the run came to its end before.
    """
    if job is not None and (job.manager or job.deleting):
        outcome = _handed_over(job) if job.manager else told(look.observed.pods)
        if outcome is not None:
            return replace(end(look, outcome, job), delete=_deletion(job))
    elif job is not None and (job.finished or is_over(job, look.observed.pods)):
        return None
    preempted = _attempts(look, job).preempted
    if preempted > look.resource.preemption_limit:
        return _give_up(look, job, preempted)
    if look.resource.suspend:
        return suspend(look, job)
    return _resume_later(look, job) if job is not None and _is_replaced(look, job) else None


def suspend(look: Round, job: ObservedJob | None) -> Plan:
    """Delete the Job and say so. The status names the next start from now on, so that no name comes twice."""
    runs = job is not None and not job.finished
    number = job.start + 1 if job else look.status.start or 1
    words = "spec.suspend is true" + (f"; a resumed run {_STARTS_OVER}" if number > 1 else "")
    left = _left(look, job, "is suspended") if job and runs else None
    status = statuses.suspended(look.status, words, left, look.resource.generation, look.now)
    fields = job_fields(look, job) if job and not _is_replaced(look, job) else {}
    return Plan(
        status=status.model_copy(update={**fields, "start": number, "progress": None}),
        announcements=() if _is_suspended(look) else (Announcement("Normal", "Suspended", words),),
        delete=_deletion(job) if job and runs else None,
        requeue_after=look.until_overdue(),
    )


def resumed(look: Round, number: int) -> tuple[Announcement, ...]:
    """Return the Event of a run that goes on with that start, none where it was not suspended."""
    if not _is_suspended(look):
        return ()
    if number < (look.status.start or 1):
        words = f"start {number} goes on: its Job had not been deleted yet"
    else:
        words = f"start {number}" + (f"; it {_STARTS_OVER}" if number > 1 else "")
    return (Announcement("Normal", "Resumed", words),)


def _handed_over(job: ObservedJob) -> Outcome:
    """Return the end of a run whose Job another cluster has: what its pods tell is out of reach."""
    field = f"metadata.labels[{QUEUE_LABEL}]"
    why = f"queue {job.queue} hands Jobs to {plain(job.manager)}, which runs them in another cluster"
    refusal = InvalidSpecError(field, why, "name a queue that runs Jobs in this one")
    return Outcome(Reason.INVALID_SPEC, str(refusal))


def _attempts(look: Round, job: ObservedJob | None) -> Attempts:
    """Return the attempts of the last start; pods that a suspension ended are none."""
    if job is None or _is_replaced(look, job):
        return look.status.attempts or Attempts()
    return count_attempts(look, job)


def _give_up(look: Round, job: ObservedJob | None, preempted: int) -> Plan:
    """Delete the Job, and end the run once that is gone."""
    words = f"{preempted} pod(s) were preempted, spec.preemptionLimit is {look.resource.preemption_limit}"
    if job is None:
        return end(look, Outcome(Reason.PREEMPTION_LIMIT_EXCEEDED, words))
    left = _left(look, job, "ends")
    progress = (
        left
        if left.reason is Reason.NODE_LOST
        else Progress(Reason.PREEMPTED, f"{words}; {left.message}, and the run ends")
    )
    status, reword = look.in_progress(progress)
    return Plan(
        status=status.model_copy(update=job_fields(look, job)),
        delete=_deletion(job),
        requeue_after=soonest(look.until_overdue(), reword),
    )


def _resume_later(look: Round, job: ObservedJob) -> Plan:
    """Wait for the Job of the start before to go."""
    number = look.status.start or 1
    left = _left(look, job, f"goes on with start {number}")
    progress = (
        left
        if left.reason is Reason.NODE_LOST
        else Progress(Reason.PENDING, f"{left.message}; start {number} follows")
    )
    status, reword = look.in_progress(progress)
    return Plan(
        status=status,
        announcements=resumed(look, number),
        requeue_after=soonest(look.until_overdue(), reword),
    )


def _left(look: Round, job: ObservedJob, then: str) -> Progress:
    """Say what is left of a start that was stopped, the lost pod among it; `then` is what the run does."""
    lost = lost_pod(job, look.observed.pods, look.now, f"the run {then}")
    return lost or Progress(Reason.SUSPENDED, f"Job {job.name} is being deleted")


def _deletion(job: ObservedJob) -> Deletion | None:
    return None if job.deleting else Deletion(job.name, job.uid)


def _is_replaced(look: Round, job: ObservedJob) -> bool:
    """Return whether the Job was deleted for a suspension: the status names a later start."""
    return job.deleting and job.start < (look.status.start or 1)


def _is_suspended(look: Round) -> bool:
    return status_of(look.status.conditions, ConditionType.SUSPENDED) == "True"
