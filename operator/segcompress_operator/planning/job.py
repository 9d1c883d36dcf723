"""What to do about a SegCompressionJob: (resource, observed, settings, now) -> Plan.

Level-triggered: nothing depends on which event came last, and every state can be planned from scratch. The
Job controller decides when a run is over; the pods tell how it ended.
"""

from dataclasses import replace
from datetime import datetime

from segcompress_operator.planning import statuses
from segcompress_operator.planning.following import follow
from segcompress_operator.planning.observed import Resource
from segcompress_operator.planning.plan import Deletion, Observed, Plan, TtlChange
from segcompress_operator.planning.rounds import Round
from segcompress_operator.planning.spec import strategy_name
from segcompress_operator.planning.starting import start
from segcompress_operator.planning.stopping import stop
from segcompress_operator.settings import RunnerSettings


def plan_job(resource: Resource, observed: Observed, settings: RunnerSettings, now: datetime) -> Plan:
    """Return what is to be done; an empty Plan where all is as it should be."""
    if resource.deleting:
        return Plan()
    if resource.finished:
        return _after_the_end(resource, observed)
    status = statuses.parse_status(resource.status)
    status = status.model_copy(update={"strategy": status.strategy or strategy_name(resource.spec)})
    round_ = Round(resource, observed, status, settings, now)
    job = observed.jobs[-1] if observed.jobs else None
    plan = stop(round_, job) or (start(round_) if job is None else follow(round_, job))
    return plan if plan.delete else replace(plan, delete=_outdated(observed))


def _after_the_end(resource: Resource, observed: Observed) -> Plan:
    """Hand finished Jobs to the ttl controller, and acknowledge an edit that changes nothing any more.

    A Job in the hands of another cluster is deleted, if that was not done with the end.
    """
    changes = tuple(
        TtlChange(job.name, resource.ttl)
        for job in observed.jobs
        if job.finished and not job.deleting and job.ttl != resource.ttl
    )
    handed_over = (job for job in observed.jobs if job.manager and not job.deleting)
    late = _outdated(observed) or _unfinished(observed)
    delete = next((Deletion(job.name, job.uid) for job in handed_over), late)
    if resource.settled:
        return Plan(delete=delete, ttl=changes)
    status = statuses.parse_status(resource.status)
    again = statuses.observed_again(status, resource.generation)
    return Plan(status=again, delete=delete, ttl=changes)


def _outdated(observed: Observed) -> Deletion | None:
    """Return the deletion of a Job of an earlier start, None if there is none.

    Such a Job is made by a request of a former leader that took effect after its successor had moved on.
    """
    earlier = (job for job in observed.jobs[:-1] if not job.finished and not job.deleting)
    return next((Deletion(job.name, job.uid) for job in earlier), None)


def _unfinished(observed: Observed) -> Deletion | None:
    """Return the deletion of the last Job of a run that has ended, None if the Job has finished as well.

    It is made by such a request, too: the Job that had its name is gone, with its ttl or by anybody's hand. A
    watch that is late shows the run's own Job unfinished, but in an outdated version, and the API server then
    refuses the deletion. Times would not tell the two apart: the run's end is by the operator's clock.
    """
    last = observed.jobs[-1] if observed.jobs else None
    if last is None or last.finished or last.deleting:
        return None
    return Deletion(last.name, last.uid, last.resource_version)
