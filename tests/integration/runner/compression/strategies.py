"""Sections of ACT files that the tests train by."""

from typing import Any


def train_config(iterations: int = 12, **changes: Any) -> dict[str, Any]:
    plain = {
        "train_iter": iterations,
        "eval_iter": 4,
        "logging_iter": 2,
        "learning_rate": 0.01,
        "optimizer_builder": {"optimizer": {"type": "SGD"}, "weight_decay": 0.0005},
    }
    return plain | changes


def sparse(ratio: float = 0.75, *, ramp: int = 0, steps: int = 1, **changes: Any) -> dict[str, Any]:
    section: dict[str, Any] = {"prune_mode": "ratio", "ratio": ratio, "prune_params_type": "conv1x1_only"}
    if ramp:
        section["prune_strategy"] = "gmp"
        section["gmp_config"] = {
            "stable_iterations": 0,
            "pruning_iterations": ramp,
            "tunning_iterations": 0,
            "pruning_steps": steps,
            "initial_ratio": 0.15,
        }
    return {"UnstructurePrune": section | changes, "TrainConfig": train_config()}


def quantised(**changes: Any) -> dict[str, Any]:
    section = {"quantize_op_types": ["conv2d", "depthwise_conv2d"]}
    return {"QuantAware": section | changes, "TrainConfig": train_config()}


def sparse_and_quantised(ratio: float = 0.75, **changes: Any) -> dict[str, Any]:
    return sparse(ratio, **changes) | quantised()


def calibrated(**changes: Any) -> dict[str, Any]:
    """Return sections for a lab's training that is told `Distillation=None`: nothing is distilled."""
    section = {"quantize_op_types": ["conv2d", "depthwise_conv2d"]}
    return {"Distillation": None, "QuantPost": section | changes}
