"""Several strategies in one job: one training after another, in upstream's order, zeros kept."""

from typing import Any

import pytest

from segcompress_api.act_settings import KeptZeros, PruneSettings, QuantSettings
from segcompress_api.job import JobSpec
from unit.api.act_files import OLD_QUANT, PRUNE, QUANT, TRAIN, settings
from unit.api.jobs import changed, job

PRUNE_ONCE = "UnstructurePrune: {ratio: 0.75}\n"


def train(length: str = "train_iter: 1000", rate: str = "0.02") -> str:
    return f"TrainConfig: {{{length}, learning_rate: {rate}}}\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(PRUNE + QUANT + TRAIN, id="in the order of the trainings"),
        pytest.param(OLD_QUANT + TRAIN + PRUNE, id="in any order"),
    ],
)
def test_quantisation_comes_last_and_keeps_the_zeros(text: str) -> None:
    read = settings(text)

    assert [[type(step) for step in one.steps] for one in read.trainings] == [
        [PruneSettings],
        [QuantSettings, KeptZeros],
    ]
    assert read.quantises
    assert read.sparsity is not None
    assert read.sparsity.ratio == 0.75
    assert [one.ramp_iterations for one in read.trainings] == [4500, 0]


def test_a_single_step_is_one_training_as_it_stands() -> None:
    read = settings(QUANT + TRAIN)

    assert read.trainings == (read,)


@pytest.mark.parametrize(
    ("length", "batches", "iterations"),
    [
        pytest.param("train_iter: 9000", 1, (9000, 900), id="a tenth"),
        pytest.param("train_iter: 400", 1, (400, 50), id="enough for the scales"),
        pytest.param("train_iter: 12", 1, (12, 12), id="no longer than the first"),
        pytest.param("epochs: 14", 500, (7000, 700), id="a tenth of what the epochs take"),
    ],
)
def test_what_quantises_after_a_training_is_shorter(
    length: str, batches: int, iterations: tuple[int, int]
) -> None:
    read = settings(PRUNE_ONCE + QUANT + train(length))

    assert tuple(one.training.total_iterations(batches) for one in read.trainings) == iterations


@pytest.mark.parametrize(
    ("given", "second"),
    [
        pytest.param("0.02", 0.002, id="a number"),
        pytest.param(
            "{type: PiecewiseDecay, boundaries: [900], values: [0.01, '5e-3']}",
            {"type": "PiecewiseDecay", "boundaries": [900], "values": [0.001, 0.0005]},
            id="values, and no boundary",
        ),
        pytest.param(
            "{type: CosineAnnealingDecay, learning_rate: 0.02, T_max: 100, eta_min: 0.01}",
            {"type": "CosineAnnealingDecay", "learning_rate": 0.002, "T_max": 100, "eta_min": 0.001},
            id="the end of a schedule too",
        ),
        pytest.param(
            "{type: NoamDecay, d_model: 10, warmup_steps: 4}",
            {"type": "NoamDecay", "d_model": 10, "warmup_steps": 4, "learning_rate": 0.1},
            id="a rate that was left out",
        ),
    ],
)
def test_what_quantises_after_a_training_has_a_tenth_of_its_rate(given: str, second: object) -> None:
    read = settings(PRUNE_ONCE + QUANT + train(rate=given))
    first, then = (one.training.learning_rate for one in read.trainings)

    assert first == read.training.learning_rate
    assert then == second


@pytest.mark.parametrize("sections", [("UnstructurePrune",), ("UnstructurePrune", "QuantAware")])
def test_least_sparsity_is_a_gate_of_what_is_pruned_and_quantised(sections: tuple[str, ...]) -> None:
    every: dict[str, Any] = {"UnstructurePrune": {"ratio": 0.75}, "QuantAware": {}}
    strategy = {"TrainConfig": {"epochs": 1, "learning_rate": 0.1}} | {name: every[name] for name in sections}
    spec = changed(job(), "spec.strategy", strategy)["spec"] | {"acceptance": {"minSparsity": "0.7"}}

    assert JobSpec.model_validate(spec, by_name=False).acceptance.min_sparsity == "0.7"
