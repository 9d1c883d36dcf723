"""What to do about a SegCompressionJob: (resource, observed, settings, now) -> Plan.

Level-triggered: nothing depends on which event came last, and every state can be planned from scratch. The
Job controller decides when a run is over; the pods tell how it ended.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from segcompress_api.conditions import SUCCESS_REASONS, Reason
from segcompress_api.errors import InvalidSpecError
from segcompress_api.status import Attempts, JobStatus, timestamp
from segcompress_operator.planning import statuses
from segcompress_operator.planning.observed import ObservedJob, Resource
from segcompress_operator.planning.outcomes import (
    Outcome,
    is_preempted,
    outcome_of_job,
    plain,
    tells,
    unreadable,
)
from segcompress_operator.planning.plan import Announcement, Observed, Plan, TtlChange
from segcompress_operator.planning.progress import Progress, progress_of, refused
from segcompress_operator.planning.spec import check_spec, parse_spec, strategy_name
from segcompress_operator.resources.names import runner_job_name
from segcompress_operator.resources.runner_job import make_runner_job
from segcompress_operator.settings import RunnerSettings

SETTLE_SECONDS = 1.0
"""A new run's first status waits this long for its pod, so that Pending and Running are often one write."""

QUIET_SECONDS = 5.0
"""A Job without a pod for this long is asked why."""

LOOK_AGAIN_SECONDS = 15.0

TRANSIENT_SECONDS = 0.1
"""A Job that the API server could not take is offered again after the queue's back-off, which is longer."""

LATE_POD_SECONDS = 3.0
"""A pod that nobody saw may still come this long after its Job's end."""

STALLED_WATCH_SECONDS = 90.0
"""A pod that was seen alive ends within this time: a watch that stalls is renewed after 70 s."""

LAST_START = 2
"""One start, and one more that finds the first one's manifest where its result was lost."""


@dataclass(frozen=True, slots=True)
class _Round:
    """One look at one resource."""

    resource: Resource
    observed: Observed
    status: JobStatus
    settings: RunnerSettings
    now: datetime


def plan_job(resource: Resource, observed: Observed, settings: RunnerSettings, now: datetime) -> Plan:
    """Return what is to be done; an empty Plan where all is as it should be."""
    if resource.deleting:
        return Plan()
    if resource.finished:
        return _after_the_end(resource, observed)
    status = statuses.parse_status(resource.status)
    status = status.model_copy(update={"strategy": status.strategy or strategy_name(resource.spec)})
    look = _Round(resource, observed, status, settings, now)
    return _follow(look, observed.jobs[-1]) if observed.jobs else _start(look)


def _after_the_end(resource: Resource, observed: Observed) -> Plan:
    """Hand finished Jobs to the ttl controller, and acknowledge an edit of the ttl."""
    changes = tuple(
        TtlChange(job.name, resource.ttl)
        for job in observed.jobs
        if job.finished and not job.deleting and job.ttl != resource.ttl
    )
    if resource.settled:
        return Plan(ttl=changes)
    status = statuses.parse_status(resource.status)
    return Plan(status=statuses.observed_again(status, resource.generation), ttl=changes)


def _start(look: _Round, before: ObservedJob | None = None) -> Plan:
    """Make the Job of the next start, or say why there is none; `before` is the one whose result was lost."""
    observed, owner = look.observed, look.resource.owner
    if observed.conflict:
        return _end(look, _name_conflict(observed.conflict), before)
    try:
        spec = parse_spec(look.resource.spec)
        check_spec(spec, owner.labels, look.settings)
    except InvalidSpecError as error:
        return _end(look, Outcome(Reason.INVALID_SPEC, str(error)), before)
    refusal = observed.refused("Job")
    wait = TRANSIENT_SECONDS if refusal and refusal.transient else LOOK_AGAIN_SECONDS
    if refusal is None or _older(refusal.seen, wait, look.now):
        start = before.start + 1 if before else _start_number(look)
        job = make_runner_job(owner, spec, start, look.settings)
        status = _once_more(look, before, job["metadata"]["name"]) if before else None
        return Plan(create=job, status=status, requeue_after=SETTLE_SECONDS)
    if refusal.final:
        return _end(look, Outcome(Reason.INVALID_SPEC, refusal.message), before)
    if look.now >= look.resource.created + timedelta(seconds=spec.active_deadline_seconds):
        return _end(look, _too_late(look, spec.active_deadline_seconds), before)
    progress = refused(refusal.message)
    status = statuses.in_progress(look.status, progress, look.resource.generation, look.now)
    return Plan(status=status, requeue_after=wait)


def _once_more(look: _Round, before: ObservedJob, job_name: str) -> JobStatus:
    """Return the status while a second pod finds the published manifest and reports it."""
    progress = Progress(
        Reason.RETRYING,
        f"the result of Job {before.name} could not be read; one more pod looks for what it published",
    )
    status = statuses.in_progress(look.status, progress, look.resource.generation, look.now)
    return status.model_copy(update={"job_name": job_name, "attempts": _attempts(look, before)})


def _name_conflict(job_name: str) -> Outcome:
    return Outcome(
        Reason.NAME_CONFLICT,
        f"Job {job_name} exists and belongs to something else; delete it and make this resource again",
    )


def _start_number(look: _Round) -> int:
    """Return the start that the status speaks of: a Job that vanished is made again under its name."""
    owner = look.resource.owner
    numbers = (
        n
        for n in range(1, LAST_START + 1)
        if runner_job_name(owner.name, owner.uid, n) == look.status.job_name
    )
    return next(numbers, 1)


def _follow(look: _Round, job: ObservedJob) -> Plan:
    if not job.finished:
        return _report(look, job)
    if _pods_are_late(look, job):
        return Plan(requeue_after=1.0)
    outcome = outcome_of_job(job, look.observed.pods)
    if outcome is None:
        return _end(look, unreadable(job), job) if job.start >= LAST_START else _start(look, before=job)
    if outcome.reason is Reason.DEADLINE_EXCEEDED:
        outcome = _too_late(look, job.deadline_seconds)
    return _end(look, outcome, job)


def _pods_are_late(look: _Round, job: ObservedJob) -> bool:
    """Return whether the Job's end overtook its pod's: the two come by watches of their own."""
    if job.failure == "DeadlineExceeded" or job.ended is None:
        return False
    pods = look.observed.pods
    if any(not pod.terminal for pod in pods):
        return not _older(job.ended, STALLED_WATCH_SECONDS, look.now)
    return not tells(job, pods) and not _older(job.ended, LATE_POD_SECONDS, look.now)


def _report(look: _Round, job: ObservedJob) -> Plan:
    """Say how a run that is under way stands."""
    refusal, pods = look.observed.refused("Pod"), look.observed.pods
    progress = progress_of(job, pods, refusal.message if refusal else "")
    if progress is None:
        return Plan()
    look_at, wait = _silence(look, job)
    unsettled = SETTLE_SECONDS - (look.now - job.created).total_seconds()
    if progress.reason is Reason.PENDING and not look.status.conditions and unsettled > 0:
        return Plan(requeue_after=unsettled)
    if progress.reason is Reason.IMAGE_PULL_FAILED:
        progress = _same_words(look.status, progress)
    status = statuses.in_progress(look.status, progress, look.resource.generation, look.now)
    status = status.model_copy(update={"job_name": job.name, "attempts": _attempts(look, job)})
    if progress.reason is not Reason.RUNNING or status.start_time is not None:
        return Plan(status=status, look_at=look_at, requeue_after=wait)
    begun = next((pod.started for pod in reversed(pods) if pod.running and pod.started), look.now)
    status = status.model_copy(update={"start_time": timestamp(begun)})
    return Plan(status=status, announcements=(_started(look, progress),))


def _silence(look: _Round, job: ObservedJob) -> tuple[str | None, float | None]:
    """Return the uid of a Job to ask why it has no pod, or the seconds until then.

    A Job that its controller has not seen yet, or that has pods which we have not, is not asked. The longer
    the silence, the rarer the question.
    """
    pods = look.observed.pods
    waits_for_us = job.started is None or job.active_pods > 0 or any(not pod.terminal for pod in pods)
    if job.suspended or job.deleting or waits_for_us:
        return None, None
    since = max([job.created, *(pod.finished or pod.created for pod in pods)])
    refusal = look.observed.refused("Pod")
    due = since + timedelta(seconds=QUIET_SECONDS)
    if refusal is not None:
        due = refusal.seen + max(refusal.seen - since, timedelta(seconds=LOOK_AGAIN_SECONDS))
    wait = (due - look.now).total_seconds()
    return (job.uid, None) if wait <= 0 else (None, wait)


def _same_words(status: JobStatus, progress: Progress) -> Progress:
    """Keep the message while the reason stays: the kubelet's wording changes with each of its tries."""
    reason, message = statuses.current_reason(status)
    return replace(progress, message=message) if reason == progress.reason.value else progress


def _started(look: _Round, progress: Progress) -> Announcement:
    try:
        notes = check_spec(parse_spec(look.resource.spec), look.resource.owner.labels, look.settings)
    except InvalidSpecError:
        notes = ()
    return Announcement("Normal", "Started", "; ".join([progress.message, *notes]))


def _end(look: _Round, outcome: Outcome, job: ObservedJob | None = None) -> Plan:
    good = outcome.reason in SUCCESS_REASONS
    make = statuses.succeeded if good else statuses.failed
    status = make(look.status, outcome, look.resource.generation, look.now)
    if job is not None:
        status = status.model_copy(update={"job_name": job.name, "attempts": _attempts(look, job)})
    status = statuses.ended_at(_begun(look, status, job), (job.ended if job else None) or look.now)
    word = "Succeeded" if good else "Failed"
    told = outcome.message if outcome.reason.value == word else f"{outcome.reason.value}: {outcome.message}"
    notes = outcome.result.notes if outcome.result else ()
    said = Announcement("Normal" if good else "Warning", word, "; ".join([told, *map(plain, notes)]))
    return Plan(status=status, announcements=(said,))


def _begun(look: _Round, status: JobStatus, job: ObservedJob | None) -> JobStatus:
    """Fill in the start of a run that ended before anybody saw it run."""
    if status.start_time is not None or job is None:
        return status
    started = [pod.started for pod in look.observed.pods if pod.started]
    begun = min(started) if started else job.started
    return status if begun is None else status.model_copy(update={"start_time": timestamp(begun)})


def _attempts(look: _Round, job: ObservedJob) -> Attempts:
    """Count the pods of all starts; no count ever falls, since pods vanish and Jobs are made again."""
    before = look.status.attempts or Attempts()
    seen = sum(pod.terminal and pod.exit_code != 0 and not is_preempted(pod) for pod in look.observed.pods)
    return Attempts(
        failed=max(before.failed, job.failed_pods, seen),
        preempted=max(before.preempted, look.observed.preempted),
    )


def _too_late(look: _Round, deadline: int) -> Outcome:
    """Return the end at the deadline, with what the run was waiting for."""
    reason, message = statuses.current_reason(look.status)
    plain_reasons = ("", Reason.RUNNING, Reason.PENDING)
    last = f"; it was last {reason}: {message}" if reason not in plain_reasons else ""
    return Outcome(
        Reason.DEADLINE_EXCEEDED, f"not finished within spec.activeDeadlineSeconds ({deadline} s){last}"
    )


def _older(moment: datetime, seconds: float, now: datetime) -> bool:
    return now - moment >= timedelta(seconds=seconds)
