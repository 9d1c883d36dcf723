"""The spec of a small job: what a test does not care about."""

from typing import Any

from segcompress_api.job import JobSpec

DATASET: dict[str, Any] = {
    "uri": "s3://datasets/x/",
    "numClasses": 2,
    "trainTransforms": [{"type": "Normalize"}],
    "valTransforms": [{"type": "Normalize"}],
}


def small_spec(**changes: Any) -> JobSpec:
    """Return the spec, with other values for some of its fields."""
    spec: dict[str, Any] = {
        "model": {"inference": {"uri": "s3://models/x/"}},
        "dataset": DATASET,
        "strategy": {
            "UnstructurePrune": {"ratio": 0.75},
            "TrainConfig": {"train_iter": 10, "learning_rate": 0.01},
        },
        "output": {"uri": "s3://compressed/x/"},
    }
    return JobSpec.model_validate(spec | changes)
