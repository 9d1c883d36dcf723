"""Names that follow from identity, and the labels that say what belongs to what.

Whoever looks at a sweep's trials, the operator or a user's program, must take the same jobs for them.
"""

import hashlib
from functools import lru_cache

from segcompress_api.base import API_GROUP

TRIAL_LABEL = f"{API_GROUP}/trial"
PARAMETERS_ANNOTATION = f"{API_GROUP}/parameters"
"""JSON of what a trial's parameters are, by name."""

_LABEL_LIMIT = 63
_HASH_LENGTH = 10
"""36**10: among a million names that are cut alike, two have one hash with a probability of 1 in 7,000."""

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


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


def trial_name(sweep: str, uid: str, index: int) -> str:
    """Return the name of the trial of that index of the sweep with `uid`."""
    return child_name(sweep, f"-{short_hash(uid)}-{index}")


def label_value(name: str) -> str:
    """Return a resource's name as a label value, which ends at 63 characters."""
    return name if len(name) <= _LABEL_LIMIT else child_name(name, f"-{short_hash(name)}")
