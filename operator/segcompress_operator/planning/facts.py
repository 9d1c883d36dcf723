"""What a status write makes true: pods that ended and the run's end, each told once, after the write.

What is new is the difference between the status before and the status written, so that a restart, a retry
or a second look tells nothing twice.
"""

from dataclasses import dataclass

from segcompress_api.conditions import ConditionType, Reason
from segcompress_api.errors import InvalidSpecError
from segcompress_api.status import Attempts, JobStatus, timestamp
from segcompress_operator.planning import statuses
from segcompress_operator.planning.observed import ObservedPod, Resource
from segcompress_operator.planning.outcomes import POD_REASONS, is_preempted, outcome_of_pod
from segcompress_operator.planning.parsing import parse_time
from segcompress_operator.planning.plan import Observed
from segcompress_operator.planning.spec import parse_spec
from segcompress_operator.resources.runner_pod import whole_gpus

UNKNOWN = "Unknown"
"""The reason of a pod that ended and was gone before anybody looked."""

ATTEMPT_REASONS = (*sorted(POD_REASONS), Reason.SUSPENDED, Reason.STOPPED_EARLY, UNKNOWN)
"""Reasons that an attempt may have."""

ENDS = ("Succeeded", "Failed")
"""Phases of runs that ended."""


@dataclass(frozen=True, slots=True)
class EndedAttempt:
    """One pod that ended: why, and the seconds that it held whole GPUs, counted for each GPU."""

    reason: str
    gpu_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that ended by itself: its phase, and the seconds from its start to its end."""

    phase: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Facts:
    """What one write made true."""

    attempts: tuple[EndedAttempt, ...] = ()
    run: EndedRun | None = None


def facts_of(resource: Resource, observed: Observed, after: JobStatus) -> Facts:
    """Return what becomes true by writing `after` as the resource's status."""
    before = statuses.parse_status(resource.status)
    run = _ended_run(before, after)
    counted = before.attempts if before.job_name in (None, after.job_name) else None
    pods = _newly_ended(observed.pods, counted, after.attempts)
    if run is not None:
        pods += tuple(pod for pod in observed.pods if pod.terminal and pod.exit_code == 0)[-1:]
    gone = _count(after.attempts) - _count(counted) - sum(pod.exit_code != 0 for pod in pods)
    ended = [(pod, outcome_of_pod(pod).reason) for pod in pods]
    why = Reason.STOPPED_EARLY if _is_stopped_early(after) else Reason.SUSPENDED
    ended += [(pod, why) for pod in _stopped(observed, before, after) if pod not in pods]
    gpus = _gpus(resource) if ended else 0
    seen = (EndedAttempt(reason.value, gpus * _seconds(pod)) for pod, reason in ended)
    return Facts((*seen, *(EndedAttempt(UNKNOWN) for _ in range(gone))), run)


def _ended_run(before: JobStatus, after: JobStatus) -> EndedRun | None:
    if after.phase not in ENDS or before.phase in ENDS or _is_stopped_early(after):
        return None
    begun, ended = parse_time(after.start_time), parse_time(after.completion_time)
    seconds = (ended - begun).total_seconds() if begun and ended else 0.0
    return EndedRun(after.phase, max(seconds, 0.0))


def _newly_ended(
    pods: tuple[ObservedPod, ...], before: Attempts | None, after: Attempts | None
) -> tuple[ObservedPod, ...]:
    """Return the pods that the counts rose by: one follows the other, so the last ones are new."""
    old, new = before or Attempts(), after or Attempts()
    ended = [pod for pod in pods if pod.terminal and pod.exit_code != 0]
    failed = [pod for pod in ended if not is_preempted(pod)]
    preempted = [pod for pod in ended if is_preempted(pod)]
    return (*_last(failed, new.failed - old.failed), *_last(preempted, new.preempted - old.preempted))


def _stopped(observed: Observed, before: JobStatus, after: JobStatus) -> tuple[ObservedPod, ...]:
    """Return the pod that was stopped on purpose: no attempt, but remembered by the time of its creation."""
    old, new = ((each.attempts or Attempts()).preempted_until for each in (before, after))
    if new == old or before.start != after.start:
        return ()
    return tuple(pod for pod in observed.pods[-1:] if pod.terminal and timestamp(pod.created) == new)


def _is_stopped_early(after: JobStatus) -> bool:
    finished = next((each for each in after.conditions if each.type == ConditionType.FINISHED), None)
    return finished is not None and finished.reason == Reason.STOPPED_EARLY


def _last(pods: list[ObservedPod], count: int) -> list[ObservedPod]:
    return pods[-count:] if count > 0 else []


def _count(attempts: Attempts | None) -> int:
    return attempts.failed + attempts.preempted if attempts else 0


def _gpus(resource: Resource) -> int:
    try:
        return whole_gpus(parse_spec(resource).runtime)
    except InvalidSpecError:
        return 0


def _seconds(pod: ObservedPod) -> float:
    if pod.started is None or pod.finished is None:
        return 0.0
    return max((pod.finished - pod.started).total_seconds(), 0.0)
