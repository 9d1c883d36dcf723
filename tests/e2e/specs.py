"""The smallest spec that still goes through every stage, and ways to change it."""

import copy
from typing import Any

from e2e.kube import Body

MODEL = "e2e"
"""Name of the sample model and the tiny dataset in the bucket."""

TRAIN_CONFIG: Body = {
    "train_iter": 4,
    "eval_iter": 4,
    "logging_iter": 1,
    "learning_rate": 0.0001,
    "optimizer_builder": {"optimizer": {"type": "SGD"}, "weight_decay": 0.0005},
}
RATIO = 0.3
"""What four iterations can recover from: at 0.75 the model loses the person, and no gate lets that pass."""

PRUNE: Body = {"ratio": RATIO, "prune_params_type": "conv1x1_only", "local_sparsity": True}

SPEC: Body = {
    "model": {"inference": {"uri": f"s3://models/{MODEL}/"}},
    "dataset": {
        "uri": f"s3://datasets/{MODEL}/",
        "numClasses": 2,
        "classNames": ["background", "person"],
        "batchSize": 4,
        "trainTransforms": [{"type": "Resize", "target_size": [192, 192]}, {"type": "Normalize"}],
        "valTransforms": [{"type": "Resize", "target_size": [192, 192]}, {"type": "Normalize"}],
    },
    "strategy": {"UnstructurePrune": PRUNE, "TrainConfig": TRAIN_CONFIG},
    "benchmark": {"runtimes": ["PaddleInference"], "threads": 1, "warmup": 2, "minQueries": 16},
    "acceptance": {"maxMiouDrop": "Unlimited", "minSparsity": "0.295"},
    "storage": {"secretRef": {"name": "object-store"}},
    "runtime": {
        "device": "CPU",
        # Several run at a time on two cores: one thread each.
        "resources": {"requests": {"cpu": "300m", "memory": "1Gi"}, "limits": {"cpu": "1"}},
    },
    "backoffLimit": 0,
    "activeDeadlineSeconds": 1800,
}


def spec(output: str, **changes: Any) -> Body:
    """Return the spec with some of its fields replaced; `dataset__trainList` names dataset.trainList."""
    made = copy.deepcopy(SPEC) | {"output": {"uri": output}}
    for path, value in changes.items():
        *folders, last = path.split("__")
        place = made
        for folder in folders:
            place = place.setdefault(folder, {})
        place[last] = value
    return made
