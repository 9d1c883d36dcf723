"""What a run that has not ended is doing: running, or waiting, and for what.

Waiting states are not failures: each names what to fix, and ends by itself once that is done.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from segcompress_api.conditions import Reason
from segcompress_api.status import timestamp
from segcompress_operator.planning.observed import ObservedJob, ObservedPod
from segcompress_operator.planning.outcomes import FINAL, is_preempted, outcome_of_pod, plain

_IMAGE_REASONS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
OVERDUE_SECONDS = 15.0
"""A kubelet reports a pod's end within this time after its grace."""

_STARTING = frozenset({"", "ContainerCreating", "PodInitializing"})


@dataclass(frozen=True, slots=True)
class Progress:
    """A reason and its wording."""

    reason: Reason
    message: str


def progress_of(job: ObservedJob, pods: tuple[ObservedPod, ...], refusal: str) -> Progress | None:
    """Return how the unfinished `job` stands; `refusal` is why it gets no pod, "" where nothing is known.

    None where its last pod has ended for good and the Job controller is about to say so, and where a pod is
    between two states.
    """
    if job.ending:
        return None
    if job.deleting:
        return Progress(Reason.PENDING, f"Job {job.name} is being deleted and will be created again")
    if job.suspended:
        return _held(job, pods)
    live = _live(pods)
    if not live:
        return _without_a_pod(job, pods, refusal)
    if _between_states(live[-1]):
        return None
    current = _of_pod(live[-1])
    before = _after(job, pods) if current.reason is Reason.PENDING else None
    return before or current


def _held(job: ObservedJob, pods: tuple[ObservedPod, ...]) -> Progress:
    """Say which queue has the run, and which pod of an earlier admission still holds what it was given."""
    where = f" in queue {job.queue}" if job.queue else ""
    left = "".join(f"; pod {pod.name} is being stopped" for pod in _live(pods))
    return Progress(Reason.QUEUED, f"Job {job.name} is held{where} until it is admitted{left}")


def _live(pods: tuple[ObservedPod, ...]) -> list[ObservedPod]:
    return [pod for pod in pods if not pod.terminal]


def overdue_at(pod: ObservedPod) -> datetime | None:
    """Return when a pod that is being deleted counts as lost, None where it ended or never had a node."""
    if pod.terminal or pod.ends_by is None or not pod.node:
        return None
    return pod.ends_by + timedelta(seconds=OVERDUE_SECONDS)


def lost_pod(pods: tuple[ObservedPod, ...], now: datetime, then: str) -> Progress | None:
    """Say which pod keeps the run from going on, where its end should have been reported by now.

    Nobody knows whether it still computes, so no other pod may start. `then` says what follows its end.
    """
    overdue = [(pod, moment) for pod in pods if (moment := overdue_at(pod)) is not None and moment <= now]
    if not overdue:
        return None
    pod, moment = overdue[-1]
    by = timestamp(moment - timedelta(seconds=OVERDUE_SECONDS))
    return Progress(
        Reason.NODE_LOST,
        f"pod {pod.name} on node {pod.node} should have ended by {by}, but its node has not reported it; "
        f"{then} once the node answers, is deleted, or gets the taint node.kubernetes.io/out-of-service",
    )


def after_the_pod(job: ObservedJob) -> str:
    """Return what follows the end of the Job's pod."""
    if job.ending:
        return "the run ends"
    if job.started is None:
        return "a new pod follows"
    deadline = job.started + timedelta(seconds=job.deadline_seconds)
    return f"a new pod follows, until spec.activeDeadlineSeconds ends at {timestamp(deadline)},"


def _between_states(pod: ObservedPod) -> bool:
    """Return whether what the kubelet says of `pod` is known already.

    One that never ran and is being deleted is called ContainerCreating; and a pod's phase changes a moment
    after its container has ended.
    """
    return pod.exit_code is not None or (pod.deleting and not pod.running)


def _without_a_pod(job: ObservedJob, pods: tuple[ObservedPod, ...], refusal: str) -> Progress | None:
    if is_over(job, pods):
        return None
    if refusal:
        return refused(refusal)
    return _after(job, pods) or Progress(Reason.PENDING, "waiting for its pod")


def after_a_lost_result(before: ObservedJob) -> Progress:
    """Return how a run stands that looks for what its Job `before` has published."""
    return Progress(
        Reason.RETRYING,
        f"the result of Job {before.name} could not be read; one more pod looks for what it published",
    )


def refused(message: str) -> Progress:
    """Return how a run stands whose Job or pod the API server refuses for now."""
    reason = Reason.QUOTA_EXCEEDED if "exceeded quota" in message else Reason.PENDING
    return Progress(reason, plain(message))


def is_over(job: ObservedJob, pods: tuple[ObservedPod, ...]) -> bool:
    """Return whether no pod will follow those that ended, whatever the Job controller has said so far."""
    if job.ending:
        return True
    if not pods or is_preempted(pods[-1]):
        return False
    failures = sum(pod.terminal and pod.exit_code != 0 and not is_preempted(pod) for pod in pods)
    return pods[-1].exit_code in FINAL or failures > job.backoff_limit


def _of_pod(pod: ObservedPod) -> Progress:
    if pod.running:
        return Progress(Reason.RUNNING, f"pod {pod.name} is running")
    if pod.waiting_reason in _IMAGE_REASONS:
        message = plain(pod.waiting_message or pod.waiting_reason)
        return Progress(Reason.IMAGE_PULL_FAILED, f"pod {pod.name}: {pod.waiting_reason}: {message}")
    if pod.waiting_reason == "CreateContainerConfigError" and "secret" in pod.waiting_message.lower():
        return Progress(Reason.SECRET_NOT_FOUND, f"pod {pod.name}: {plain(pod.waiting_message)}")
    if pod.waiting_reason not in _STARTING:
        return Progress(Reason.PENDING, f"pod {pod.name}: {pod.waiting_reason}: {plain(pod.waiting_message)}")
    if pod.unscheduled:
        return Progress(Reason.UNSCHEDULABLE, f"pod {pod.name}: {plain(pod.unscheduled)}")
    return Progress(Reason.PENDING, "waiting for its pod")


def _after(job: ObservedJob, pods: tuple[ObservedPod, ...]) -> Progress | None:
    """Return why there was a pod before this one."""
    ended = [pod for pod in pods if pod.terminal and pod.exit_code != 0]
    if not ended:
        return None
    last, outcome = ended[-1], outcome_of_pod(ended[-1])
    if is_preempted(last):
        return Progress(Reason.PREEMPTED, outcome.message)
    failures = sum(not is_preempted(pod) for pod in ended)
    return Progress(
        Reason.RETRYING,
        f"{outcome.reason.value}: {outcome.message}; failure {max(failures, job.failed_pods)}, "
        f"spec.backoffLimit is {job.backoff_limit}",
    )
