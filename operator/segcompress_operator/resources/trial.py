"""The SegCompressionJob of one trial, made from its sweep's template."""

import json
from collections.abc import Mapping
from typing import Any

from segcompress_api.base import API_GROUP, API_VERSION
from segcompress_api.job import KIND
from segcompress_api.naming import (
    PARAMETERS_ANNOTATION,
    TRIAL_LABEL,
    label_value,
    trial_name,
)
from segcompress_api.sweep import SWEEP_KIND, SWEEP_NAME_LABEL
from segcompress_operator.resources.names import Owner
from segcompress_operator.resources.ownership import owner_reference

Manifest = dict[str, Any]


def make_trial(sweep: Owner, index: int, spec: Manifest, parameters: Mapping[str, str]) -> Manifest:
    """Return the trial of that index; `sweep.labels` are those of the template."""
    return {
        "apiVersion": f"{API_GROUP}/{API_VERSION}",
        "kind": KIND,
        "metadata": {
            "name": trial_name(sweep.name, sweep.uid, index),
            "namespace": sweep.namespace,
            "labels": {
                **sweep.labels,
                "app.kubernetes.io/part-of": "segcompress",
                "app.kubernetes.io/managed-by": "segcompress-operator",
                SWEEP_NAME_LABEL: label_value(sweep.name),
                TRIAL_LABEL: str(index),
            },
            "annotations": {PARAMETERS_ANNOTATION: json.dumps(parameters, separators=(",", ":"))},
            "ownerReferences": [owner_reference(SWEEP_KIND, sweep)],
        },
        "spec": spec,
    }
