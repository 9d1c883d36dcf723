"""The end of a run: its conditions, its times, its Event."""

from collections.abc import Sequence
from typing import Any

from segcompress_api.conditions import SUCCESS_REASONS, Reason
from segcompress_api.status import Attempts, JobStatus, timestamp
from segcompress_operator.planning import statuses
from segcompress_operator.planning.observed import ObservedJob, ObservedPod
from segcompress_operator.planning.outcomes import Outcome, is_preempted, plain
from segcompress_operator.planning.parsing import parse_time
from segcompress_operator.planning.plan import Announcement, Plan
from segcompress_operator.planning.reported import shown_at_the_end
from segcompress_operator.planning.rounds import Round


def end(round_: Round, outcome: Outcome, job: ObservedJob | None = None) -> Plan:
    """Return the plan that writes the end of a run, `job` being its last Job where it had one."""
    good = outcome.reason in SUCCESS_REASONS
    make = statuses.succeeded if good else statuses.failed
    status = make(round_.status, outcome, round_.resource.generation, round_.now)
    status = status.model_copy(update=shown_at_the_end(round_, good=good)._asdict())
    if job is not None:
        status = status.model_copy(update=job_fields(round_, job))
    status = statuses.ended_at(_begun(round_, status, job), (job.ended if job else None) or round_.now)
    return Plan(status=status, announcements=(_announced(outcome),))


def _announced(outcome: Outcome) -> Announcement:
    """Return the Event of an end; an early stop was asked for, and is not a failure."""
    reason = outcome.reason
    word = "Succeeded" if reason in SUCCESS_REASONS else "Failed"
    word = reason.value if reason is Reason.STOPPED_EARLY else word
    text = outcome.message if reason.value == word else f"{reason.value}: {outcome.message}"
    notes = outcome.result.notes if outcome.result else ()
    return Announcement(
        "Warning" if word == "Failed" else "Normal", word, "; ".join([text, *map(plain, notes)])
    )


def too_late(round_: Round, deadline: int) -> Outcome:
    """Return the end at the deadline, with what the run was waiting for."""
    reason, message = statuses.current_reason(round_.status)
    plain_reasons = ("", Reason.RUNNING, Reason.PENDING)
    last = f"; it was last {reason}: {message}" if reason not in plain_reasons else ""
    return Outcome(
        Reason.DEADLINE_EXCEEDED, f"not finished within spec.activeDeadlineSeconds ({deadline} s){last}"
    )


def job_fields(round_: Round, job: ObservedJob) -> dict[str, Any]:
    """Return what the status says of the run's last Job."""
    return {"start": job.start, "job_name": job.name, "attempts": count_attempts(round_, job)}


def count_attempts(round_: Round, job: ObservedJob) -> Attempts:
    """Count the Job's pods that ended without a result; no count ever falls, since pods vanish.

    One pod follows the other, so that those created after the newest that was counted are new. What was
    preempted and gone while the operator was away is not counted.
    """
    before = attempts_before(round_, job.name)
    ended = [pod for pod in round_.observed.pods if pod.terminal and pod.exit_code != 0]
    failed = max(job.failed_pods - _stopped(job, ended), sum(not is_preempted(pod) for pod in ended))
    until = parse_time(before.preempted_until)
    new = [pod for pod in ended if is_preempted(pod) and (until is None or pod.created > until)]
    newest = max((pod.created for pod in new), default=until)
    return Attempts(
        failed=max(before.failed, job.failed_before + failed),
        preempted=before.preempted + len(new),
        preempted_until=None if newest is None else timestamp(newest),
    )


def _stopped(job: ObservedJob, ended: Sequence[ObservedPod]) -> int:
    """Count the last pod where the deadline stopped it: the Job controller says that it failed, unlike us."""
    return sum(pod.released and is_preempted(pod) for pod in ended[-1:] if job.failure == "DeadlineExceeded")


def attempts_before(round_: Round, job_name: str) -> Attempts:
    """Return what the status counts for the Job of that name: another start begins at 0."""
    known = round_.status.attempts or Attempts()
    same = round_.status.job_name in (None, job_name)
    return known if same else Attempts(preempted_until=known.preempted_until)


def _begun(round_: Round, status: JobStatus, job: ObservedJob | None) -> JobStatus:
    """Fill in the start of a run that ended before anybody saw it run."""
    if status.start_time is not None or job is None:
        return status
    started = [pod.started for pod in round_.observed.pods if pod.started]
    begun = min(started) if started else job.started
    return status if begun is None else status.model_copy(update={"start_time": timestamp(begun)})
