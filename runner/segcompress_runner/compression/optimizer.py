"""Build Paddle's optimiser and learning rate from TrainConfig; refuse arguments that Paddle does not take.

Class names come from the closed tables of segcompress_api.optimisation, so that no name of a user's file
reaches getattr unchecked. Which keys TrainConfig holds and how they nest is upstream's
(create_compressed_program._create_optimizer).
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from segcompress_api.act_settings import TrainSettings
from segcompress_api.errors import nearest
from segcompress_runner.compression.act_config import OPTIMIZER_ARGUMENTS_SET_ELSEWHERE, type_and_arguments
from segcompress_runner.compression.static_graph import static_mode
from segcompress_runner.errors import InvalidSettingError

_RATE_FIELD = "spec.strategy.TrainConfig.learning_rate"
_BUILDER_FIELD = "spec.strategy.TrainConfig.optimizer_builder"


@dataclass(frozen=True)
class Optimisation:
    """Paddle's optimiser and, where the learning rate follows a schedule, the scheduler to step."""

    optimizer: Any
    schedule: Any | None

    def advance(self) -> None:
        """Step the schedule; to be called once after each iteration, as upstream does."""
        if self.schedule is not None:
            self.schedule.step()


def check_optimisation(settings: TrainSettings) -> None:
    """Raise InvalidSettingError where Paddle would not take an argument of TrainConfig."""
    with static_mode():
        build_optimisation(settings)


def build_optimisation(settings: TrainSettings) -> Optimisation:
    """Return a fresh optimiser over all trainable parameters; raises InvalidSettingError naming the key."""
    from paddle import optimizer as optimizers

    rate = _learning_rate(settings.learning_rate)
    name, arguments = type_and_arguments(settings.optimizer["optimizer"])
    field = f"{_BUILDER_FIELD}.optimizer"
    factory = getattr(optimizers, name)
    _check_arguments(factory, arguments, field, OPTIMIZER_ARGUMENTS_SET_ELSEWHERE)
    arguments |= _weight_decay(settings.optimizer, factory, name) | _grad_clip(settings.optimizer)
    optimizer = _construct(factory, {**arguments, "learning_rate": rate}, field)
    return Optimisation(optimizer, None if isinstance(rate, float) else rate)


def _learning_rate(value: float | Mapping[str, Any]) -> Any:
    if not isinstance(value, Mapping):
        return float(value)
    from paddle.optimizer import lr

    name, arguments = type_and_arguments(value)
    factory = getattr(lr, name)
    _check_arguments(factory, arguments, _RATE_FIELD, frozenset({"self", "verbose", "last_epoch"}))
    return _construct(factory, arguments, _RATE_FIELD)


def _weight_decay(builder: Mapping[str, Any], factory: Callable[..., Any], name: str) -> dict[str, Any]:
    key = next((key for key in ("regularizer", "weight_decay") if key in builder), None)
    if key is None:
        return {}
    if "weight_decay" not in inspect.signature(factory).parameters:
        raise InvalidSettingError(
            f"{_BUILDER_FIELD}.{key}: {name} takes none; leave it out, or choose SGD, Momentum or Adam"
        )
    if key == "weight_decay":
        return {"weight_decay": float(builder[key])}
    if name == "AdamW":
        raise InvalidSettingError(f"{_BUILDER_FIELD}.regularizer: AdamW takes weight_decay instead, a number")
    return {"weight_decay": _regularizer(builder[key])}


def _regularizer(typed: Mapping[str, Any]) -> Any:
    from paddle import regularizer

    name, arguments = type_and_arguments(typed)
    field = f"{_BUILDER_FIELD}.regularizer"
    factory = getattr(regularizer, name)
    _check_arguments(factory, arguments, field, frozenset({"self"}))
    return _construct(factory, arguments, field)


def _grad_clip(builder: Mapping[str, Any]) -> dict[str, Any]:
    if "grad_clip" not in builder:
        return {}
    from paddle import nn

    name, arguments = type_and_arguments(builder["grad_clip"])
    field = f"{_BUILDER_FIELD}.grad_clip"
    factory = getattr(nn, name)
    _check_arguments(factory, arguments, field, frozenset({"self", "group_name", "auto_skip_clip"}))
    return {"grad_clip": _construct(factory, arguments, field)}


def _check_arguments(
    factory: Callable[..., Any], arguments: Mapping[str, Any], field: str, hidden: frozenset[str]
) -> None:
    """Compare with the constructor's signature: unknown names and missing ones are refused."""
    signature = inspect.signature(factory).parameters
    known = [name for name in signature if name not in hidden]
    for name in arguments:
        if name not in known:
            match = nearest(name, known)
            remedy = f"did you mean {match}?" if match else f"known are: {', '.join(known) or 'none'}"
            raise InvalidSettingError(f"{field}.{name}: {factory.__name__} takes no such argument; {remedy}")
    for name in known:
        if signature[name].default is inspect.Parameter.empty and name not in arguments:
            raise InvalidSettingError(f"{field}.{name}: is required by {factory.__name__} and missing")


def _construct(factory: Callable[..., Any], arguments: Mapping[str, Any], field: str) -> Any:
    try:
        return factory(**arguments)
    except (TypeError, ValueError, AssertionError, AttributeError) as error:
        said = str(error).strip().splitlines()
        raise InvalidSettingError(
            f"{field}: {factory.__name__} refuses its arguments: {said[-1] if said else error!r}"
        ) from None
