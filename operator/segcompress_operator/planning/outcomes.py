"""How an attempt (one pod) and a start (one Job) ended, in the words of the API.

A termination message is hostile input: it is parsed by a strict schema, its reason counts only where the exit
code allows it, and everything shown to people is cut and freed of control characters.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from segcompress_api.conditions import GATE_REASONS, SUCCESS_REASONS, Reason
from segcompress_api.contract import ExitCode, RunResult, parse_run_result
from segcompress_operator.planning.observed import ObservedJob, ObservedPod

_LOG_LINES = 6
_LOG_LIMIT = 600
"""Of a crash: enough for an exception and its place. Whoever may read the resource reads these lines too."""

_USER_OF_ADDRESS = re.compile(r"(?<=://)[^/\s@]+@")
_QUERY = re.compile(r"\?[^\s'\")]+")
_SECRET_WORDS = ("signature", "credential", "token")
"""In the query of a presigned address: whoever reads it may use it."""

_SENTENCE_LIMIT = 1024

FINAL = (ExitCode.SUCCEEDED, ExitCode.INVALID_INPUT, ExitCode.GATE_MISSED)
"""Exit codes that no pod follows, by the Job's podFailurePolicy."""

_ALLOWED: dict[int, tuple[frozenset[Reason], Reason]] = {
    ExitCode.SUCCEEDED: (SUCCESS_REASONS, Reason.SUCCEEDED),
    ExitCode.INVALID_INPUT: (
        frozenset(
            {Reason.INVALID_SPEC, Reason.INPUT_NOT_FOUND, Reason.INVALID_INPUT, Reason.STORAGE_ACCESS_DENIED}
        ),
        Reason.INVALID_INPUT,
    ),
    ExitCode.GATE_MISSED: (GATE_REASONS, Reason.ACCEPTANCE_NOT_MET),
    ExitCode.STORAGE_UNREACHABLE: (frozenset({Reason.STORAGE_UNREACHABLE}), Reason.STORAGE_UNREACHABLE),
}
"""Exit code -> reasons that a RunResult may give for it, and the one where it gives none."""

POD_REASONS = frozenset({Reason.PREEMPTED, Reason.OUT_OF_MEMORY, Reason.RUNNER_CRASHED}).union(
    *(reasons for reasons, _ in _ALLOWED.values())
)
"""Reasons that the end of a pod may have."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """An end and its wording; `result` holds what was measured and published."""

    reason: Reason
    message: str
    result: RunResult | None = None


def is_preempted(pod: ObservedPod) -> bool:
    """Return whether the Job controller does not count the pod's end as a failure.

    By the rules of the Job's podFailurePolicy, or because it deleted the pod itself; of one that never ran,
    the kubelet then says exit code 137.
    """
    if not pod.terminal or pod.exit_code == 0:
        return False
    return (
        pod.exit_code == ExitCode.PREEMPTED or pod.disrupted or (pod.released and pod.exit_code not in FINAL)
    )


def outcome_of_pod(pod: ObservedPod) -> Outcome:
    """Return how a terminal pod ended."""
    if is_preempted(pod):
        alone = pod.disrupted and pod.exit_code != ExitCode.PREEMPTED
        why = pod.verdict or ("disruption" if alone else "it was asked to stop")
        return Outcome(Reason.PREEMPTED, f"pod {pod.name} was preempted ({plain(why)}); a new pod follows")
    if pod.out_of_memory:
        return Outcome(
            Reason.OUT_OF_MEMORY,
            f"pod {pod.name} exceeded its memory limit; raise spec.runtime.resources.limits.memory or lower "
            "spec.dataset.batchSize",
        )
    result = _result(pod)
    if result is not None:
        return Outcome(result.reason, plain(result.message), result)
    if pod.exit_code in _ALLOWED and pod.exit_code != ExitCode.SUCCEEDED:
        return Outcome(_ALLOWED[pod.exit_code][1], _last_words(pod))
    return Outcome(Reason.RUNNER_CRASHED, _last_words(pod))


def outcome_of_job(job: ObservedJob, pods: Sequence[ObservedPod]) -> Outcome | None:
    """Return how a finished Job ended; None if the pod that decided it is gone or left nothing readable."""
    if job.complete:
        return last_result(pods, (ExitCode.SUCCEEDED,))
    match job.failure:
        case "PodFailurePolicy":
            return last_result(pods, (ExitCode.INVALID_INPUT, ExitCode.GATE_MISSED))
        case "DeadlineExceeded":
            return Outcome(
                Reason.DEADLINE_EXCEEDED,
                f"not finished within spec.activeDeadlineSeconds ({job.deadline_seconds} s)",
            )
        case "BackoffLimitExceeded":
            return Outcome(Reason.BACKOFF_LIMIT_EXCEEDED, _gave_up(job, pods))
        case _:
            return Outcome(
                Reason.RUNNER_CRASHED,
                f"Job {job.name} failed: {plain(job.failure_message or str(job.failure))}",
            )


def has_deciding_pod(job: ObservedJob, pods: Sequence[ObservedPod]) -> bool:
    """Return whether the pod that decided the Job's end is among `pods`, readable or not.

    Of a failed Job that is the last one, so that none that the Job counts may be missing.
    """
    if job.complete:
        return any(pod.exit_code == ExitCode.SUCCEEDED for pod in pods)
    failed = [pod for pod in pods if pod.terminal and pod.exit_code != ExitCode.SUCCEEDED]
    return len(failed) >= max(job.failed_pods, 1)


def unreadable(job: ObservedJob) -> Outcome:
    """Return the end of a Job whose result nobody could read, not even at a second start."""
    detail = f" ({plain(job.failure_message)})" if job.failure_message else ""
    reason = Reason.RUNNER_CRASHED
    for code in (ExitCode.INVALID_INPUT, ExitCode.GATE_MISSED):
        if f"exit code {code.value} " in f"{job.failure_message} ":
            reason = _ALLOWED[code][1]
    return Outcome(
        reason, f"Job {job.name} ended without a readable result, and so did the one before it{detail}"
    )


def plain(text: str, limit: int = _SENTENCE_LIMIT) -> str:
    """Return text that is safe to show.

    At most `limit` characters, no control characters, and no credentials in addresses.
    """
    clean = re.sub(
        r"[^\S\n]+|[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", " ", text
    ).strip()
    clean = _QUERY.sub(_without_secrets, _USER_OF_ADDRESS.sub("", clean))
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def _without_secrets(query: re.Match[str]) -> str:
    given = query[0].lower()
    return "?…" if any(word in given for word in _SECRET_WORDS) else query[0]


def _result(pod: ObservedPod) -> RunResult | None:
    """Return the pod's RunResult where it fits its exit code."""
    result = parse_run_result(pod.message) if pod.message.startswith("{") else None
    if result is None or pod.exit_code is None:
        return None
    if pod.exit_code in _ALLOWED:
        return result if result.reason in _ALLOWED[pod.exit_code][0] else None
    return result if result.reason in (Reason.OUT_OF_MEMORY, Reason.RUNNER_CRASHED) else None


def last_result(pods: Sequence[ObservedPod], codes: Collection[ExitCode] = FINAL) -> Outcome | None:
    """Return the outcome in the result of the last pod with such an exit code; None if none is readable."""
    for pod in reversed(pods):
        if pod.exit_code in codes and not (is_preempted(pod) or pod.out_of_memory):
            result = _result(pod)
            return None if result is None else Outcome(result.reason, plain(result.message), result)
    return None


def _gave_up(job: ObservedJob, pods: Sequence[ObservedPod]) -> str:
    counted = [pod for pod in pods if pod.terminal and pod.exit_code != 0 and not is_preempted(pod)]
    tries = f"{max(job.failed_pods, len(counted))} pod(s) failed, spec.backoffLimit is {job.backoff_limit}"
    if not counted:
        return f"{tries}; {plain(job.failure_message) or 'how they ended was not seen'}"
    last = outcome_of_pod(counted[-1])
    return f"{tries}; the last: {last.reason.value}: {last.message}"


def _last_words(pod: ObservedPod) -> str:
    """Return the exit code and the end of what the pod left behind."""
    code = (
        f"ended with exit code {pod.exit_code}" if pod.exit_code is not None else "ended without an exit code"
    )
    head = f"pod {pod.name} {code}" + (f" ({plain(pod.verdict)})" if pod.verdict else "")
    lines = [plain(line) for line in pod.message.splitlines() if line.strip()][-_LOG_LINES:]
    if not lines:
        return head
    return f"{head}; its last lines:\n" + "\n".join(lines)[-_LOG_LIMIT:]
