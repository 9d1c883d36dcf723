"""A job as a user writes it, and how tests change one field of it."""

import copy
from typing import Any

from unit.api.act_files import OLD_SPARSE_FILE, loaded

Body = dict[str, Any]

_TRANSFORMS = [{"type": "Resize", "target_size": [192, 192]}, {"type": "Normalize"}]


def job(name: str = "humanseg-sparse") -> Body:
    """Return the sparse job of the examples, its strategy in the old spelling."""
    return {
        "apiVersion": "segcompress.dev/v1alpha1",
        "kind": "SegCompressionJob",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "model": {"inference": {"uri": "s3://models/pp_humanseg_lite/"}},
            "dataset": {
                "uri": "s3://datasets/humanseg/",
                "numClasses": 2,
                "classNames": ["background", "person"],
                "trainTransforms": copy.deepcopy(_TRANSFORMS),
                "valTransforms": copy.deepcopy(_TRANSFORMS),
            },
            "strategy": loaded(OLD_SPARSE_FILE),
            "output": {"uri": "s3://compressed/humanseg-sparse/"},
            "storage": {"secretRef": {"name": "object-store"}},
        },
    }


def changed(body: Body, path: str, value: object) -> Body:
    """Return `body` with the value at the dotted path set; None takes the field away."""
    result = copy.deepcopy(body)
    *parents, last = path.split(".")
    inner = result
    for part in parents:
        inner = inner.setdefault(part, {})
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return result
