"""How long and how to train: iterations, learning rates, optimisers."""

from typing import Any

import pytest

from unit.api.act_files import QUANT, complaint, settings

PATH = "spec.strategy.TrainConfig"


def text(train: str) -> str:
    return f"{QUANT}\nTrainConfig: {{{train}}}\n"


@pytest.mark.parametrize(
    ("train", "epochs", "iterations", "total"),
    [
        pytest.param("epochs: 14", 14, None, 14 * 13, id="epochs times batches"),
        pytest.param("train_iter: 80", None, 80, 80, id="iterations, whatever the batches"),
    ],
)
def test_training_is_as_long_as_asked(
    train: str, epochs: int | None, iterations: int | None, total: int
) -> None:
    read = settings(text(f"{train}, learning_rate: 0.1")).training

    assert (read.epochs, read.iterations) == (epochs, iterations)
    assert read.total_iterations(batches_per_epoch=13) == total


@pytest.mark.parametrize(
    "train",
    [
        pytest.param("epochs: 1, train_iter: 10", id="both"),
        pytest.param("eval_iter: 10", id="neither"),
    ],
)
def test_exactly_one_of_epochs_and_train_iter(train: str) -> None:
    sentence = f"{PATH}.epochs: exactly one of epochs and train_iter must be given"

    assert complaint(text(f"{train}, learning_rate: 0.1")) == sentence


_SCHEDULE = {"type": "PiecewiseDecay", "boundaries": [4500], "values": [0.005, 0.0005]}


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        pytest.param("0.005", 0.005, id="a number"),
        pytest.param("5.0e-03", 0.005, id="a number with an exponent"),
        pytest.param("5e-3", 0.005, id="a number that YAML 1.1 takes for a string"),
        pytest.param("1", 1.0, id="a whole number"),
        pytest.param(
            "{type: PiecewiseDecay, boundaries: [4500], values: [0.005, 0.0005]}", _SCHEDULE, id="a schedule"
        ),
    ],
)
def test_learning_rate_is_a_number_or_a_schedule(rate: str, expected: float | dict[str, Any]) -> None:
    assert settings(text(f"epochs: 1, learning_rate: {rate}")).training.learning_rate == expected


@pytest.mark.parametrize(
    ("train", "sentence"),
    [
        pytest.param("", "learning_rate: is required and missing; such as 0.005", id="missing"),
        pytest.param(", learning_rate: 0", "learning_rate: must be a positive number, got 0", id="zero"),
        pytest.param(
            ", learning_rate: -0.1", "learning_rate: must be a positive number, got -0.1", id="negative"
        ),
        pytest.param(", learning_rate: .nan", "learning_rate: must be a positive number, got nan", id="NaN"),
        pytest.param(
            ", learning_rate: fast", "learning_rate: must be a positive number, got 'fast'", id="a word"
        ),
        pytest.param(
            ", learning_rate: 'inf'", "learning_rate: must be a positive number, got 'inf'", id="the word inf"
        ),
        pytest.param(
            ", learning_rate: true", "learning_rate: must be a positive number, got True", id="true"
        ),
        pytest.param(
            ", learning_rate: [0.1]", "learning_rate: must be a positive number, got [0.1]", id="a list"
        ),
        pytest.param(
            ", learning_rate: {boundaries: [1]}",
            "learning_rate: must be a mapping with a type; such as {type: CosineAnnealingDecay}",
            id="a schedule without its class",
        ),
        pytest.param(
            ", learning_rate: {type: PieceWiseDecy}",
            "learning_rate.type: PieceWiseDecy is unknown; did you mean PiecewiseDecay?",
            id="a misspelt schedule",
        ),
        pytest.param(
            ", learning_rate: {type: LambdaDecay}",
            "learning_rate.type: LambdaDecay is unknown; did you mean NoamDecay?",
            id="a schedule that needs code",
        ),
    ],
)
def test_wrong_learning_rate_is_refused_by_its_path(train: str, sentence: str) -> None:
    assert complaint(text(f"epochs: 1{train}")) == f"{PATH}.{sentence}"


@pytest.mark.parametrize(
    ("train", "expected"),
    [
        pytest.param("", {"optimizer": {"type": "SGD"}}, id="nothing: SGD"),
        pytest.param("optimizer: Adam", {"optimizer": {"type": "Adam"}}, id="old name alone"),
        pytest.param(
            "optim_args: {weight_decay: 4.0e-05}",
            {"optimizer": {"type": "SGD"}, "weight_decay": 4.0e-05},
            id="old arguments alone",
        ),
        pytest.param(
            "optimizer_builder: {optimizer: {type: Momentum, momentum: 0.9}, weight_decay: 4e-5}",
            {"optimizer": {"type": "Momentum", "momentum": 0.9}, "weight_decay": 4.0e-05},
            id="arguments of the optimiser are kept",
        ),
        pytest.param(
            "optimizer_builder: {weight_decay: 0}",
            {"optimizer": {"type": "SGD"}, "weight_decay": 0.0},
            id="no weight decay, said aloud",
        ),
        pytest.param(
            "optimizer_builder: {optimizer: {type: SGD}, regularizer: {type: L2Decay, coeff: 0.1},"
            " grad_clip: {type: ClipGradByNorm, clip_norm: 1.0}}",
            {
                "optimizer": {"type": "SGD"},
                "regularizer": {"type": "L2Decay", "coeff": 0.1},
                "grad_clip": {"type": "ClipGradByNorm", "clip_norm": 1.0},
            },
            id="regularizer and grad_clip",
        ),
    ],
)
def test_optimiser_has_one_spelling(train: str, expected: dict[str, Any]) -> None:
    assert settings(text(f"epochs: 1, learning_rate: 0.1, {train}")).training.optimizer == expected


@pytest.mark.parametrize(
    ("train", "sentence"),
    [
        pytest.param(
            "optimizer: Adm",
            "optimizer: Adm is unknown; did you mean Adam?",
            id="misspelt, old spelling",
        ),
        pytest.param(
            "optimizer_builder: {optimizer: {type: adam}}",
            "optimizer_builder.optimizer.type: adam is unknown; did you mean Adam?",
            id="wrong case",
        ),
        pytest.param(
            "optimizer_builder: {optimizer: SGD}",
            "optimizer_builder.optimizer: must be a mapping with a type; such as {type: SGD}",
            id="a name where a mapping belongs",
        ),
        pytest.param(
            "optimizer_builder: SGD",
            "optimizer_builder: must be a mapping; such as {optimizer: {type: SGD}, weight_decay: 0.0005}",
            id="no builder",
        ),
        pytest.param(
            "optimizer_builder: {weight_decy: 0.1}",
            "optimizer_builder.weight_decy: is unknown; did you mean weight_decay?",
            id="a misspelt key",
        ),
        pytest.param(
            "optim_args: {weight_decy: 0.1}",
            "optim_args.weight_decy: is unknown; did you mean weight_decay?",
            id="a misspelt key, old spelling",
        ),
        pytest.param(
            "optim_args: {weight_decay: -1}",
            "optim_args.weight_decay: must be zero or a positive number, got -1",
            id="negative decay, old spelling",
        ),
        pytest.param(
            "optim_args: 0.1",
            "optim_args: must be a mapping; such as {weight_decay: 0.0005}",
            id="no old mapping",
        ),
        pytest.param(
            "optimizer_builder: {weight_decay: 0.1, regularizer: {type: L2Decay}}",
            "optimizer_builder.regularizer: cannot be combined with weight_decay; give one of them",
            id="two decays",
        ),
        pytest.param(
            "optimizer_builder: {grad_clip: {type: ClipGrad}}",
            "optimizer_builder.grad_clip.type: ClipGrad is unknown; did you mean ClipGradByNorm?",
            id="unknown grad_clip",
        ),
    ],
)
def test_wrong_optimiser_is_refused_by_the_path_as_written(train: str, sentence: str) -> None:
    assert complaint(text(f"epochs: 1, learning_rate: 0.1, {train}")) == f"{PATH}.{sentence}"


def test_target_metric_is_a_share() -> None:
    assert settings(text("epochs: 1, learning_rate: 0.1, target_metric: 0.9")).training.target_miou == 0.9
    assert complaint(text("epochs: 1, learning_rate: 0.1, target_metric: 90")).startswith(
        f"{PATH}.target_metric: "
    )
