"""Names and labels of what the operator makes.

A name comes from identity alone (the resource's uid and the number of the start), so that whoever tries again
finds what the first try made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from segcompress_api.base import API_GROUP
from segcompress_api.naming import child_name, label_value, short_hash

JOB_NAME_LABEL = f"{API_GROUP}/job-name"
START_LABEL = f"{API_GROUP}/start"
FAILED_BEFORE_ANNOTATION = f"{API_GROUP}/failed-before"
"""How many pods failed in Jobs of the same start that somebody deleted."""

SELECTOR = JOB_NAME_LABEL
"""Label selector of our Jobs and Pods: whatever carries the label."""

CONTROLLER_UID_LABEL = "batch.kubernetes.io/controller-uid"
BATCH_JOB_NAME_LABEL = "batch.kubernetes.io/job-name"
"""The Job controller's labels of a Job's pods."""

QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
WORKLOAD_PRIORITY_LABEL = "kueue.x-k8s.io/priority-class"
_KUEUE_LABELS = (
    QUEUE_LABEL,
    WORKLOAD_PRIORITY_LABEL,
    "kueue.x-k8s.io/max-exec-time-seconds",
)
_LONGEST_NUMBER = 9
_SUBDOMAIN_LIMIT = 253


@dataclass(frozen=True, slots=True)
class Owner:
    """The resource that something is made for: where names, labels and owner references come from.

    Of its labels, those that its Job gets too.
    """

    namespace: str
    name: str
    uid: str
    labels: Mapping[str, str] = field(default_factory=dict)


def runner_job_name(name: str, uid: str, start: int) -> str:
    """Return the name of the Job of that start of the resource `name` with `uid`."""
    return child_name(name, f"-{short_hash(uid)}-{start}")


def start_of(job_name: str) -> int:
    """Return the number of the start that a Job's name ends with, 1 where it has none."""
    number = job_name.rpartition("-")[2]
    return int(number) if number.isdecimal() and len(number) <= _LONGEST_NUMBER else 1


def event_name(name: str, moment: str) -> str:
    """Return the name of an Event on the object `name`, unique by `moment`: letters and digits."""
    head = name[: _SUBDOMAIN_LIMIT - len(moment) - 1]
    return f"{head.rstrip('.-')}.{moment}"


def kueue_labels(given: Mapping[str, str]) -> dict[str, str]:
    """Return those of a resource's labels that are Kueue's, and that its Job gets too."""
    return {key: given[key] for key in _KUEUE_LABELS if key in given}


def labels(name: str, start: int) -> dict[str, str]:
    """Return the labels of the Job and the Pods of that start."""
    return {
        "app.kubernetes.io/name": "segcompress-runner",
        "app.kubernetes.io/instance": label_value(name),
        "app.kubernetes.io/component": "runner",
        "app.kubernetes.io/part-of": "segcompress",
        "app.kubernetes.io/managed-by": "segcompress-operator",
        JOB_NAME_LABEL: label_value(name),
        START_LABEL: str(start),
    }
