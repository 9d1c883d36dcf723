"""Arguments that Paddle does not take are refused by their field, before any training."""

from typing import Any

import pytest

from segcompress_api.act_settings import TrainSettings
from segcompress_api.optimisation import GRAD_CLIPS, OPTIMIZERS, REGULARIZERS, SCHEDULES
from segcompress_runner.compression.optimizer import build_optimisation, check_optimisation
from segcompress_runner.compression.static_graph import static_mode
from segcompress_runner.errors import InvalidSettingError

SGD: dict[str, Any] = {"optimizer": {"type": "SGD"}}
REQUIRED: dict[str, dict[str, Any]] = {
    "CosineAnnealingDecay": {"learning_rate": 0.1, "T_max": 10},
    "CyclicLR": {"base_learning_rate": 0.1, "max_learning_rate": 0.2, "step_size_up": 5},
    "ExponentialDecay": {"learning_rate": 0.1, "gamma": 0.9},
    "InverseTimeDecay": {"learning_rate": 0.1, "gamma": 0.9},
    "LinearWarmup": {"learning_rate": 0.1, "warmup_steps": 5, "start_lr": 0.0, "end_lr": 0.1},
    "MultiStepDecay": {"learning_rate": 0.1, "milestones": [5, 10]},
    "NaturalExpDecay": {"learning_rate": 0.1, "gamma": 0.9},
    "NoamDecay": {"d_model": 10, "warmup_steps": 5},
    "OneCycleLR": {"max_learning_rate": 0.1, "total_steps": 20},
    "PiecewiseDecay": {"boundaries": [5, 10], "values": [0.1, 0.01, 0.001]},
    "PolynomialDecay": {"learning_rate": 0.1, "decay_steps": 10},
    "StepDecay": {"learning_rate": 0.1, "step_size": 5},
}


def settings(rate: Any = 0.1, builder: dict[str, Any] = SGD) -> TrainSettings:
    return TrainSettings(None, 10, 10, 10, rate, builder, None)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_of_the_contract_can_be_built_and_stepped(name: str) -> None:
    with static_mode():
        optimisation = build_optimisation(settings({"type": name, **REQUIRED[name]}))
    optimisation.advance()
    assert optimisation.schedule is not None
    assert optimisation.schedule.last_epoch == 1


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimiser_of_the_contract_can_be_built(name: str) -> None:
    check_optimisation(settings(builder={"optimizer": {"type": name}}))


@pytest.mark.parametrize("name", REGULARIZERS)
def test_every_regulariser_of_the_contract_can_be_built(name: str) -> None:
    check_optimisation(settings(builder={**SGD, "regularizer": {"type": name, "coeff": "1e-4"}}))


@pytest.mark.parametrize("name", GRAD_CLIPS)
def test_every_clip_of_the_contract_can_be_built(name: str) -> None:
    bound = "max" if name == "ClipGradByValue" else "clip_norm"
    check_optimisation(settings(builder={**SGD, "grad_clip": {"type": name, bound: 1.0}}))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            settings({"type": "StepDecay", "learning_rate": 0.1, "step_sice": 5}),
            "TrainConfig.learning_rate.step_sice: StepDecay takes no such argument; did you mean step_size?",
        ),
        (
            settings({"type": "StepDecay", "learning_rate": 0.1}),
            "TrainConfig.learning_rate.step_size: is required by StepDecay and missing",
        ),
        (
            settings({"type": "PolynomialDecay", "learning_rate": 0.1, "decay_steps": "many"}),
            "TrainConfig.learning_rate: PolynomialDecay refuses its arguments",
        ),
        (
            settings(builder={"optimizer": {"type": "Momentum", "momentun": 0.9}}),
            "optimizer_builder.optimizer.momentun: Momentum takes no such argument; did you mean momentum?",
        ),
        (
            settings(builder={"optimizer": {"type": "SGD", "learning_rate": 0.1}}),
            "optimizer_builder.optimizer.learning_rate: SGD takes no such argument; known are: none",
        ),
        (
            settings(builder={**SGD, "grad_clip": {"type": "ClipGradByNorm"}}),
            "optimizer_builder.grad_clip.clip_norm: is required by ClipGradByNorm and missing",
        ),
        (
            settings(builder={**SGD, "regularizer": {"type": "L2Decay", "coef": 0.1}}),
            "optimizer_builder.regularizer.coef: L2Decay takes no such argument; did you mean coeff?",
        ),
        (
            settings(builder={"optimizer": {"type": "Lamb"}, "weight_decay": 0.1}),
            "optimizer_builder.weight_decay: Lamb takes none",
        ),
        (
            settings(builder={"optimizer": {"type": "AdamW"}, "regularizer": {"type": "L2Decay"}}),
            "optimizer_builder.regularizer: AdamW takes weight_decay instead",
        ),
    ],
)
def test_a_wrong_argument_is_named_with_its_field(wrong: TrainSettings, message: str) -> None:
    with pytest.raises(InvalidSettingError) as error:
        check_optimisation(wrong)
    assert message in str(error.value)
    assert str(error.value).startswith("spec.strategy.TrainConfig.")


def test_a_plain_rate_has_no_schedule_and_building_leaves_the_settings_as_they_are() -> None:
    builder = {"optimizer": {"type": "Momentum", "momentum": 0.9}, "weight_decay": 0.0005}
    with static_mode():
        assert build_optimisation(settings(builder=builder)).schedule is None
    assert builder == {"optimizer": {"type": "Momentum", "momentum": 0.9}, "weight_decay": 0.0005}
