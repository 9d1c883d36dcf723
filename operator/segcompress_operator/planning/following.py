"""A run that has its Job: how it stands, and how it ended."""

from datetime import timedelta

from segcompress_api.conditions import Reason
from segcompress_api.errors import InvalidSpecError
from segcompress_api.status import timestamp
from segcompress_operator.planning.ending import end, job_fields, too_late
from segcompress_operator.planning.observed import ObservedJob
from segcompress_operator.planning.outcomes import has_deciding_pod, outcome_of_job, unreadable
from segcompress_operator.planning.plan import Announcement, Plan
from segcompress_operator.planning.progress import (
    Progress,
    after_a_lost_result,
    after_the_pod,
    lost_pod,
    progress_of,
)
from segcompress_operator.planning.reported import shown_under_way
from segcompress_operator.planning.rounds import Round, soonest
from segcompress_operator.planning.spec import notes_on, parse_spec
from segcompress_operator.planning.starting import WATCH_LAG_SECONDS, start
from segcompress_operator.planning.stopping import resumed, stop, stopped_early, suspend

QUIET_SECONDS = 5.0
"""A Job without a pod for this long is asked why."""

LATE_POD_SECONDS = 3.0
"""A pod's last state may come this long after its Job's end, before the API server is asked for it."""


def follow(round_: Round, job: ObservedJob) -> Plan:
    """Return what the last Job of a run asks for."""
    if not job.finished:
        return _report(round_, job)
    outcome = outcome_of_job(job, round_.observed.pods)
    if outcome is not None and outcome.reason is Reason.DEADLINE_EXCEEDED:
        return end(round_, too_late(round_, job.deadline_seconds), job)
    if not round_.observed.asked:
        pods = round_.observed.pods
        seen = all(pod.terminal for pod in pods) and has_deciding_pod(job, pods)
        if not seen and job.ended is not None and not round_.is_older(job.ended, LATE_POD_SECONDS):
            return Plan(requeue_after=1.0)
        if not seen or outcome is None:
            return Plan(list_pods_of=job.uid)
    if outcome is None and not any(earlier.finished for earlier in round_.observed.jobs[:-1]):
        return _after_a_lost_result(round_, job)
    return end(round_, outcome or unreadable(job), job)


def _after_a_lost_result(round_: Round, job: ObservedJob) -> Plan:
    """Make the next start, unless the run is to stop; that start's Job may have come and gone already."""
    if job.start < (round_.status.start or 1) or stopped_early(round_):
        stopped = stop(round_, None)
    else:
        stopped = suspend(round_, job) if round_.resource.suspend else None
    return stopped or start(round_, before=job)


def _report(round_: Round, job: ObservedJob) -> Plan:
    """Say how a run that is under way stands."""
    pods, refusal = round_.observed.pods, round_.observed.refused("Pod")
    overdue = round_.until_overdue()
    lost_now = lost_pod(pods, round_.now, after_the_pod(job))
    progress = lost_now or progress_of(job, pods, refusal.message if refusal else "")
    if progress is None:
        return Plan(requeue_after=overdue)
    lost = [earlier for earlier in round_.observed.jobs[:-1] if earlier.finished]
    if progress.reason is Reason.PENDING and lost and not job.deleting:
        progress = after_a_lost_result(lost[-1])
    read_events_of, wait = _silence(round_, job)
    is_new = not round_.status.conditions and not round_.is_older(job.created, WATCH_LAG_SECONDS)
    if progress.reason is Reason.PENDING and is_new:
        return Plan(requeue_after=WATCH_LAG_SECONDS + round_.seconds_until(job.created))
    status, reword = round_.in_progress(progress)
    shown, unsaid = shown_under_way(round_)
    status = status.model_copy(update={**job_fields(round_, job), **shown._asdict()})
    said, again = resumed(round_, job.start), soonest(wait, overdue, reword, unsaid)
    if progress.reason is not Reason.RUNNING or status.start_time is not None:
        return Plan(status=status, announcements=said, read_events_of=read_events_of, requeue_after=again)
    begun = next((pod.started for pod in reversed(pods) if pod.running and pod.started), round_.now)
    status = status.model_copy(update={"start_time": timestamp(begun)})
    return Plan(status=status, announcements=(*said, _started(round_, progress)), requeue_after=again)


def _silence(round_: Round, job: ObservedJob) -> tuple[str | None, float | None]:
    """Return the uid of a Job to ask why it has no pod, or the seconds until then.

    A Job that its controller has not seen yet, or that has pods which we have not, is not asked. The longer
    the silence, the rarer the question.
    """
    pods = round_.observed.pods
    waits_for_us = job.started is None or job.active_pods > 0 or any(not pod.terminal for pod in pods)
    if job.suspended or job.deleting or waits_for_us:
        return None, None
    since = max([job.created, *(pod.finished or pod.created for pod in pods)])
    refusal = round_.observed.refused("Pod")
    asked = refusal is not None and refusal.seen >= since
    due = refusal.next_try(since) if refusal and asked else since + timedelta(seconds=QUIET_SECONDS)
    wait = round_.seconds_until(due)
    return (job.uid, None) if wait <= 0 else (None, wait)


def _started(round_: Round, progress: Progress) -> Announcement:
    try:
        notes = notes_on(parse_spec(round_.resource))
    except InvalidSpecError:
        notes = ()
    return Announcement("Normal", "Started", "; ".join([progress.message, *notes]))
