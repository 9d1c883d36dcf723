"""Learning rates and optimisers as an ACT file writes them: closed names, plain values, one spelling.

Upstream looks the names up in paddle.optimizer with getattr and passes what it finds; here a name that is not
in these tables is refused with the nearest right one. Arguments are checked against Paddle's signatures by
the runner, which has Paddle.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from segcompress_api.errors import InvalidSpecError, nearest, shown
from segcompress_api.strategy import TrainConfig

OPTIMIZERS = ("SGD", "Momentum", "Adam", "AdamW", "Adamax", "Adagrad", "Adadelta", "RMSProp", "Lamb")
SCHEDULES = (
    "CosineAnnealingDecay",
    "CyclicLR",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LinearWarmup",
    "MultiStepDecay",
    "NaturalExpDecay",
    "NoamDecay",
    "OneCycleLR",
    "PiecewiseDecay",
    "PolynomialDecay",
    "StepDecay",
)
REGULARIZERS = ("L1Decay", "L2Decay")
GRAD_CLIPS = ("ClipGradByGlobalNorm", "ClipGradByNorm", "ClipGradByValue")
_BUILDER_KEYS = ("optimizer", "weight_decay", "regularizer", "grad_clip")


def learning_rate(value: object, field: str) -> float | dict[str, Any]:
    """Return a positive number, or the mapping of a schedule with its class under `type`."""
    if value is None:
        raise InvalidSpecError(field, "is required and missing", "such as 0.005")
    if isinstance(value, Mapping):
        return _typed(value, SCHEDULES, field)
    return positive(value, field)


def optimizer(section: TrainConfig, field: str) -> dict[str, Any]:
    """Return `optimizer_builder` in its current spelling, from either spelling."""
    if section.optimizer_builder is None:
        return _from_old(section, field)
    return _builder(section.optimizer_builder, f"{field}.optimizer_builder")


def _from_old(section: TrainConfig, field: str) -> dict[str, Any]:
    name = section.optimizer or OPTIMIZERS[0]
    if name not in OPTIMIZERS:
        raise InvalidSpecError(f"{field}.optimizer", f"{name} is unknown", _did_you_mean(name, OPTIMIZERS))
    args = {} if section.optim_args is None else section.optim_args
    if not isinstance(args, Mapping):
        raise InvalidSpecError(f"{field}.optim_args", "must be a mapping", "such as {weight_decay: 0.0005}")
    _known(args, _BUILDER_KEYS[1:], f"{field}.optim_args")
    return {"optimizer": {"type": name}, **_penalties(args, f"{field}.optim_args")}


def _builder(value: object, field: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidSpecError(
            field, "must be a mapping", "such as {optimizer: {type: SGD}, weight_decay: 0.0005}"
        )
    _known(value, _BUILDER_KEYS, field)
    typed = _typed(value.get("optimizer", {"type": OPTIMIZERS[0]}), OPTIMIZERS, f"{field}.optimizer")
    return {"optimizer": typed, **_penalties(value, field)}


def _penalties(value: Mapping[Any, Any], field: str) -> dict[str, Any]:
    """Return what stands beside the optimiser; it has the same keys in both spellings."""
    if "regularizer" in value and "weight_decay" in value:
        raise InvalidSpecError(
            f"{field}.regularizer", "cannot be combined with weight_decay", "give one of them"
        )
    built: dict[str, Any] = {}
    if "weight_decay" in value:
        built["weight_decay"] = positive(value["weight_decay"], f"{field}.weight_decay", zero=True)
    if "regularizer" in value:
        built["regularizer"] = _typed(value["regularizer"], REGULARIZERS, f"{field}.regularizer")
    if "grad_clip" in value:
        built["grad_clip"] = _typed(value["grad_clip"], GRAD_CLIPS, f"{field}.grad_clip")
    return built


def _typed(value: object, known: tuple[str, ...], field: str) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not isinstance(value.get("type"), str):
        raise InvalidSpecError(field, "must be a mapping with a type", f"such as {{type: {known[0]}}}")
    name = value["type"]
    if name not in known:
        raise InvalidSpecError(f"{field}.type", f"{name} is unknown", _did_you_mean(name, known))
    return {str(key): item for key, item in value.items()}


def _known(value: Mapping[Any, Any], keys: tuple[str, ...], field: str) -> None:
    for key in value:
        if key not in keys:
            raise InvalidSpecError(f"{field}.{key}", "is unknown", _did_you_mean(str(key), keys))


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    match = nearest(name, known)
    return f"did you mean {match}?" if match else f"known are: {', '.join(known)}"


def positive(value: object, field: str, *, zero: bool = False) -> float:
    """Return a finite number above 0, or from 0 on with `zero`.

    YAML 1.1 reads `5e-3` as a string, so strings are read too.
    """
    try:
        number = (
            float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
        )
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < 0 or (number == 0 and not zero):
        wanted = "zero or a positive number" if zero else "a positive number"
        raise InvalidSpecError(field, f"must be {wanted}, got {shown(value)}")
    return number
