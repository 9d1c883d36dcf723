"""Names and labels of what the operator makes.

A name comes from identity alone (the resource's uid and the number of the start), so that whoever tries again
finds what the first try made.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from segcompress_api.base import API_GROUP

JOB_NAME_LABEL = f"{API_GROUP}/job-name"
START_LABEL = f"{API_GROUP}/start"
FAILED_BEFORE_ANNOTATION = f"{API_GROUP}/failed-before"
"""How many pods failed in Jobs of the same start that somebody deleted."""

SELECTOR = JOB_NAME_LABEL
"""Label selector of our Jobs and Pods: whatever carries the label."""

TRIAL_LABEL = f"{API_GROUP}/trial"
PARAMETERS_ANNOTATION = f"{API_GROUP}/parameters"
"""JSON of what a trial's parameters are, by name."""

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
_LABEL_LIMIT = 63
_LONGEST_NUMBER = 9
_SUBDOMAIN_LIMIT = 253
_HASH_LENGTH = 10
"""36**10: among a million names that are cut alike, two have one hash with a probability of 1 in 7,000."""

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Owner:
    """The resource that something is made for: where names, labels and owner references come from.

    Of its labels, those that its Job gets too.
    """

    namespace: str
    name: str
    uid: str
    labels: Mapping[str, str] = field(default_factory=dict)


@lru_cache(maxsize=4096)
def short_hash(uid: str) -> str:
    """Return ten characters, the same for the same uid always."""
    number = int.from_bytes(hashlib.sha256(uid.encode()).digest()[:8], "big")
    digits = ""
    for _ in range(_HASH_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits += _ALPHABET[digit]
    return digits


def child_name(name: str, suffix: str) -> str:
    """Return `name` and `suffix` in at most 63 characters: the name is cut, the suffix never.

    Dots, which a resource's name may hold, become dashes: a Job's name becomes a pod's host name.
    """
    head = name.replace(".", "-")[: _LABEL_LIMIT - len(suffix)]
    return head.rstrip("-") + suffix


def runner_job_name(name: str, uid: str, start: int) -> str:
    """Return the name of the Job of that start of the resource `name` with `uid`."""
    return child_name(name, f"-{short_hash(uid)}-{start}")


def start_of(job_name: str) -> int:
    """Return the number of the start that a Job's name ends with, 1 where it has none."""
    number = job_name.rpartition("-")[2]
    return int(number) if number.isdecimal() and len(number) <= _LONGEST_NUMBER else 1


def trial_name(sweep: str, uid: str, index: int) -> str:
    """Return the name of the trial of that index of the sweep with `uid`."""
    return child_name(sweep, f"-{short_hash(uid)}-{index}")


def event_name(name: str, moment: str) -> str:
    """Return the name of an Event on the object `name`, unique by `moment`: letters and digits."""
    head = name[: _SUBDOMAIN_LIMIT - len(moment) - 1]
    return f"{head.rstrip('.-')}.{moment}"


def kueue_labels(given: Mapping[str, str]) -> dict[str, str]:
    """Return those of a resource's labels that are Kueue's, and that its Job gets too."""
    return {key: given[key] for key in _KUEUE_LABELS if key in given}


def label_value(name: str) -> str:
    """Return a resource's name as a label value, which ends at 63 characters."""
    return name if len(name) <= _LABEL_LIMIT else child_name(name, f"-{short_hash(name)}")


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
