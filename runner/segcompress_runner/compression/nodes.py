"""Can the variables that a user wants to distil be distilled by that loss? Answered before any training."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from segcompress_runner.compression.graph import Operator
from segcompress_runner.compression.known_names import are_not, cut
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.model import ModelInfo

FIELD = "spec.strategy.Distillation.node"
LEAST_CHANNELS = {"l2": 1, "soft_label": 2, "dkd": 2, "skd": 3}
"""Fewer say nothing: one class is always certain, and two normalised scores are always +1 and -1."""

_SHOWN = 3
_CLASS_LOSSES = ("soft_label", "dkd", "skd")
_PROBABILITIES = ("softmax", "log_softmax", "sigmoid")


@dataclass(frozen=True)
class Variable:
    """What a program declares of one of its variables; -1 stands for a free dimension."""

    shape: tuple[int, ...]
    is_weight: bool
    is_float: bool


def check_names(info: ModelInfo, names: Sequence[str]) -> None:
    """Raise InvalidSettingError where names are not layers' outputs in the model, with near variables."""
    unknown = [name for name in dict.fromkeys(names) if name not in info.variables]
    if unknown:
        said = are_not(unknown, "a variable of the model")
        raise InvalidSettingError(f"{FIELD}: {said}; {_remedy(unknown[0], info)}")
    if info.input_name in names:
        raise InvalidSettingError(
            f"{FIELD}: {cut(info.input_name)} is the model's input; name the output of a layer, "
            "or leave node out"
        )


def check_loss(name: str, variable: Variable, loss: str, graph: Sequence[Operator]) -> None:
    """Raise InvalidSettingError where `loss` cannot compare a variable's values, saying what would do."""
    if variable.is_weight:
        raise InvalidSettingError(f"{FIELD}: {name} is a weight; name the output of a layer")
    if not variable.is_float:
        raise InvalidSettingError(
            f"{FIELD}: {name} holds whole numbers, which have no gradient; "
            "name the scores that they are made of"
        )
    if loss not in _CLASS_LOSSES:
        return
    maker = next((operator for operator in graph if name in operator.outputs), None)
    if maker is not None and maker.kind in _PROBABILITIES:
        raise InvalidSettingError(
            f"{FIELD}: {name} holds probabilities and the loss {loss} takes scores; "
            f"name {maker.inputs[0]}, which {maker.kind} makes them of, or choose loss l2"
        )
    least, channels = LEAST_CHANNELS[loss], variable.shape[1] if len(variable.shape) > 1 else 1
    if channels < least:
        raise InvalidSettingError(
            f"spec.strategy.Distillation.loss: {loss} compares at least {least} channels and {name} has "
            f"{max(channels, 1)}; choose loss l2, or another node"
        )


def _remedy(name: str, info: ModelInfo) -> str:
    near = difflib.get_close_matches(name, sorted(info.variables), n=_SHOWN, cutoff=0.6)
    if not near:
        return f"leave node out to distil the last of its {len(info.variables)} variables that have weights"
    return f"did you mean {' or '.join(map(cut, near))}?"
