"""The batch/v1 Job of one start, made from a resource's spec and the operator's settings.

What may restart and what may not stands in its podFailurePolicy; the pod itself is made by runner_pod.
"""

from typing import Any

from segcompress_api.contract import RUNNER_CONTAINER, ExitCode
from segcompress_api.job import KIND, JobSpec
from segcompress_operator.resources.names import (
    FAILED_BEFORE_ANNOTATION,
    Owner,
    kueue_labels,
    labels,
    runner_job_name,
)
from segcompress_operator.resources.ownership import owner_reference
from segcompress_operator.resources.runner_pod import make_pod_template
from segcompress_operator.settings import RunnerSettings

Manifest = dict[str, Any]


def make_runner_job(
    owner: Owner, spec: JobSpec, start: int, settings: RunnerSettings, failed_before: int = 0
) -> Manifest:
    """Return the Job of that start; it carries no ttl, since its result must be read first.

    Kueue's labels come from the resource; `suspend` is left to Kueue. `failed_before` pods failed in a Job of
    that start that is gone; the Job remembers them.
    """
    remembered = {FAILED_BEFORE_ANNOTATION: str(failed_before)} if failed_before else {}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": runner_job_name(owner.name, owner.uid, start),
            "namespace": owner.namespace,
            "labels": {**kueue_labels(owner.labels), **labels(owner.name, start)},
            **({"annotations": remembered} if remembered else {}),
            "ownerReferences": [owner_reference(KIND, owner)],
        },
        "spec": {
            "completions": 1,
            "parallelism": 1,
            "backoffLimit": spec.backoff_limit,
            "activeDeadlineSeconds": spec.active_deadline_seconds,
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {"rules": _failure_rules()},
            "template": make_pod_template(owner, spec, start, settings),
        },
    }


def _failure_rules() -> list[Manifest]:
    """Return the rules, first match wins: preemption does not count, bad input and missed gates are final."""
    final = [int(ExitCode.INVALID_INPUT), int(ExitCode.GATE_MISSED)]
    preempted = int(ExitCode.PREEMPTED)
    return [
        {"action": "Ignore", "onExitCodes": _exit_codes("In", [preempted])},
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {"action": "FailJob", "onExitCodes": _exit_codes("In", final)},
        {"action": "Count", "onExitCodes": _exit_codes("NotIn", [*final, preempted])},
    ]


def _exit_codes(operator: str, values: list[int]) -> Manifest:
    return {"containerName": RUNNER_CONTAINER, "operator": operator, "values": values}
