"""A run that is stopped: suspended, stopped by its sweep, preempted too often, or handed to another cluster.

Its Job is deleted in the foreground, so it stays until its pods are gone: no two pods ever compute for one
run, and the status never says that a run has stopped while one of them still computes. If somebody else
deletes the Job, its pods may be orphaned; they are waited for in the same way.
"""

from dataclasses import replace

from segcompress_api.conditions import ConditionType, Reason, status_of
from segcompress_api.errors import InvalidSpecError
from segcompress_api.status import Attempts, timestamp
from segcompress_operator.planning import statuses
from segcompress_operator.planning.ending import count_attempts, end, job_fields
from segcompress_operator.planning.observed import ObservedJob
from segcompress_operator.planning.outcomes import Outcome, last_result, plain
from segcompress_operator.planning.parsing import parse_time
from segcompress_operator.planning.plan import Announcement, Deletion, Plan
from segcompress_operator.planning.progress import Progress, is_over, lost_pod
from segcompress_operator.planning.rounds import Round, soonest
from segcompress_operator.resources.names import QUEUE_LABEL, runner_job_name, start_of

_STARTS_OVER = "starts over, reusing only weights that were already published"


def stop(round_: Round, job: ObservedJob | None) -> Plan | None:
    """Return the plan that stops the run or keeps it stopped; None if it continues or has ended by itself.

    Once a Job is being deleted, the Job controller no longer reports how it ends, and it may fail because of
    the deletion: its pods show whether the run had ended before.
    """
    if job is not None and (job.manager or job.deleting):
        outcome = _handed_over(job) if job.manager else last_result(round_.observed.pods)
        if outcome is not None:
            return replace(end(round_, outcome, job), delete=_deletion(job))
    elif job is not None and (job.finished or is_over(job, round_.observed.pods)):
        return None
    given_up = _given_up(round_, job)
    if given_up is not None:
        return _give_up(round_, job, given_up)
    if round_.resource.suspend:
        return suspend(round_, job)
    return _resume_later(round_, job) if job is not None and _is_replaced(round_, job) else None


def suspend(round_: Round, job: ObservedJob | None) -> Plan:
    """Delete the Job and report it. The status names the next start from now on: no name is used twice."""
    asking = None if job or _is_at_rest(round_) else _asking_for_left(round_, round_.status.start or 1)
    if asking is not None:
        return asking
    runs = job is not None and not job.finished
    number = job.start + 1 if job else round_.status.start or 1
    words = "spec.suspend is true" + (f"; a resumed run {_STARTS_OVER}" if number > 1 else "")
    left = _left(round_, job, "is suspended") if job and runs else _orphaned(round_, "is suspended")
    status = statuses.suspended(round_.status, words, left, round_.resource.generation, round_.now)
    fields = job_fields(round_, job) if job and not _is_replaced(round_, job) else {}
    attempts = _with_last_pod(round_, fields.get("attempts", status.attempts))
    more = {**fields, "attempts": attempts, "start": number, "progress": None}
    return Plan(
        status=status.model_copy(update=more),
        announcements=() if _is_suspended(round_) else (Announcement("Normal", "Suspended", words),),
        delete=_deletion(job) if job and runs else None,
        requeue_after=round_.until_overdue(),
    )


def wait_for_left(round_: Round, number: int, outcome: Outcome | None = None) -> Plan | None:
    """Wait for orphaned pods; None if there are none.

    After that the run continues with that start, or ends if it has an outcome.
    """
    left = _orphaned(round_, "ends" if outcome else f"continues with start {number}")
    if left is None:
        return _asking_for_left(round_, number)
    return _end_later(round_, left, outcome.message) if outcome else _go_on_later(round_, left, number)


def stopped_early(round_: Round) -> Outcome | None:
    """Return the end that the run's sweep decided on, None if it did not.

    It stands in the status before anything is deleted, and is not taken back.
    """
    finished = round_.condition(ConditionType.FINISHED)
    if finished is not None and finished.reason == Reason.STOPPED_EARLY:
        return Outcome(Reason.STOPPED_EARLY, finished.message)
    return Outcome(Reason.STOPPED_EARLY, round_.observed.stop) if round_.observed.stop else None


def resumed(round_: Round, number: int) -> tuple[Announcement, ...]:
    """Return the Event of a run that is resumed with that start, none if it was not suspended."""
    if not _is_suspended(round_):
        return ()
    if number < (round_.status.start or 1):
        words = f"start {number} continues: its Job had not been deleted yet"
    else:
        words = f"start {number}" + (f"; it {_STARTS_OVER}" if number > 1 else "")
    return (Announcement("Normal", "Resumed", words),)


def _handed_over(job: ObservedJob) -> Outcome:
    """Return the end of a run whose Job runs in another cluster, where its pods cannot be observed."""
    field = f"metadata.labels[{QUEUE_LABEL}]"
    why = f"queue {job.queue} hands Jobs to {plain(job.manager)}, which runs them in another cluster"
    refusal = InvalidSpecError(field, why, "name a queue that runs Jobs in this one")
    return Outcome(Reason.INVALID_SPEC, str(refusal))


def _attempts(round_: Round, job: ObservedJob | None) -> Attempts:
    """Return the attempts of the last start; pods that a suspension ended do not count."""
    if job is None or _is_replaced(round_, job):
        return round_.status.attempts or Attempts()
    return count_attempts(round_, job)


def _given_up(round_: Round, job: ObservedJob | None) -> Outcome | None:
    """Return why the run ends now; None if it may continue."""
    early = stopped_early(round_)
    if early is not None:
        return early
    preempted, limit = _attempts(round_, job).preempted, round_.resource.preemption_limit
    words = f"{preempted} pod(s) were preempted, spec.preemptionLimit is {limit}"
    return Outcome(Reason.PREEMPTION_LIMIT_EXCEEDED, words) if preempted > limit else None


def _give_up(round_: Round, job: ObservedJob | None, outcome: Outcome) -> Plan:
    """Delete the Job, and end the run once the Job and its pods are gone."""
    asking = None if job else _asking_for_left(round_, round_.status.start or 1)
    if asking is not None:
        return asking
    left = _left(round_, job, "ends") if job else _orphaned(round_, "ends")
    if left is None:
        return end(round_, outcome)
    early = outcome.reason is Reason.STOPPED_EARLY
    reason = Reason.STOPPED_EARLY if early else Reason.PREEMPTED
    said = _waiting(left, reason, f"{outcome.message}; {left.message}, and the run ends")
    status, reword = round_.in_progress(said)
    if early:
        status = statuses.about_to_end(status, outcome, round_.resource.generation, round_.now)
    # A pod that an early stop ends is not an attempt, like one that a suspension ends.
    counted = job is not None and not (early and job.deleting)
    fields = (
        job_fields(round_, job) if job and counted else {"attempts": _with_last_pod(round_, status.attempts)}
    )
    return Plan(
        status=status.model_copy(update=fields),
        delete=_deletion(job) if job else None,
        requeue_after=soonest(round_.until_overdue(), reword),
    )


def _end_later(round_: Round, left: Progress, words: str) -> Plan:
    """Report what the run waits for before it ends: it never ends while one of its pods computes."""
    said = _waiting(left, Reason.PENDING, f"{left.message}; then the run ends: {words}")
    status, reword = round_.in_progress(said)
    return Plan(status=status, requeue_after=soonest(round_.until_overdue(), reword))


def _resume_later(round_: Round, job: ObservedJob) -> Plan:
    """Wait until the Job of the previous start is gone."""
    number = round_.status.start or 1
    return _go_on_later(round_, _left(round_, job, f"continues with start {number}"), number)


def _go_on_later(round_: Round, left: Progress, number: int) -> Plan:
    status, reword = round_.in_progress(
        _waiting(left, Reason.PENDING, f"{left.message}; start {number} follows")
    )
    return Plan(
        status=status.model_copy(update={"attempts": _with_last_pod(round_, status.attempts)}),
        announcements=resumed(round_, number),
        requeue_after=soonest(round_.until_overdue(), reword),
    )


def _waiting(left: Progress, reason: Reason, message: str) -> Progress:
    """Return the progress of a run that waits for its last pods; a lost node comes first."""
    return left if left.reason is Reason.NODE_LOST else Progress(reason, message)


def _left(round_: Round, job: ObservedJob, then: str) -> Progress:
    """Report what is left of a stopped start, a lost pod first; `then` is what the run does next."""
    lost = lost_pod(round_.observed.pods, round_.now, f"the run {then}")
    return lost or Progress(Reason.SUSPENDED, f"Job {job.name} is being deleted")


def _asking_for_left(round_: Round, number: int) -> Plan | None:
    """Ask for orphaned pods of Jobs that are gone; None if that was done, or no Job is gone.

    The status names the last Job, but that of start `number` may have come and gone before it was written.
    """
    owner = round_.resource.owner
    known = round_.status.job_name or ""  # others may have written it
    starts = {start_of(known)} if known else set()
    starts |= {number} if round_.observed.job_went else set()
    names = {runner_job_name(owner.name, owner.uid, start) for start in starts}
    names -= {job.name for job in round_.observed.jobs}
    asked = round_.observed.left is not None or not names
    return None if asked else Plan(list_left_of=tuple(sorted(names)))


def _orphaned(round_: Round, then: str) -> Progress | None:
    """Report the orphaned pod that has not ended; None if there is none."""
    left = round_.observed.left
    if not left:
        return None
    words = f"pod {left[-1].name} has outlived its Job: it has to end or be deleted first"
    return lost_pod(left, round_.now, f"the run {then}") or Progress(Reason.SUSPENDED, words)


def _with_last_pod(round_: Round, attempts: Attempts | None) -> Attempts | None:
    """Remember the last pod if it has ended: a pod that a suspension ended is not an attempt.

    The pod of a lost result does not belong to the start that was stopped after it.
    """
    last, until = round_.observed.pods[-1:], parse_time(attempts.preempted_until) if attempts else None
    if not last or not last[0].terminal or (until is not None and until >= last[0].created):
        return attempts
    if round_.status.job_name not in (None, round_.observed.jobs[-1].name):
        return attempts
    return (attempts or Attempts()).model_copy(update={"preempted_until": timestamp(last[0].created)})


def _deletion(job: ObservedJob) -> Deletion | None:
    return None if job.deleting else Deletion(job.name, job.uid)


def _is_replaced(round_: Round, job: ObservedJob) -> bool:
    """Return whether the Job was deleted by a suspension: the status names a later start."""
    return job.deleting and job.start < (round_.status.start or 1)


def _is_suspended(round_: Round) -> bool:
    return status_of(round_.status.conditions, ConditionType.SUSPENDED) == "True"


def _is_at_rest(round_: Round) -> bool:
    """Return whether the status says that the run is suspended and none of its pods is left."""
    reconciling = status_of(round_.status.conditions, ConditionType.RECONCILING)
    return _is_suspended(round_) and reconciling == "False"
