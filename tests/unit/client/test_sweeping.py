"""Sweeps built in Python."""

from typing import Any

import pytest
from pydantic import ValidationError

from segcompress.client import Range, sweep_over
from segcompress_api.sweep import Algorithm
from unit.client.jobs import job_in

RATIO, RATE = "strategy.UnstructurePrune.ratio", "strategy.TrainConfig.learning_rate"
MIOU: dict[Any, Any] = {"compressed.miou": "Maximize"}
RATES = Range(min="0.001", max="0.01", scale="Log")


def test_sweep_tries_a_job_with_other_values() -> None:
    job = job_in("new")
    sweep = sweep_over(job, {RATIO: [0.5, "0.75"], RATE: RATES}, MIOU, 8, parallel_trials=2)
    assert sweep.spec.template.spec == job.spec
    assert (sweep.metadata.name, sweep.metadata.namespace) == ("demo", "vision")
    ratio, rate = sweep.spec.parameters
    assert (ratio.name, ratio.path, ratio.values) == ("ratio", RATIO, ("0.5", "0.75"))
    assert (rate.name, rate.range) == ("learning_rate", RATES)
    assert (sweep.spec.algorithm.name, sweep.spec.max_trials, sweep.spec.parallel_trials) == ("TPE", 8, 2)
    assert [(one.metric, one.goal) for one in sweep.spec.objectives] == [("compressed.miou", "Maximize")]


def test_values_are_spelt_as_json_has_them() -> None:
    values = [0.5, 4, True, "gmp", [4, 1], None]
    (parameter,) = sweep_over(job_in("new"), {RATIO: values}, MIOU, 6).spec.parameters
    assert parameter.values == ("0.5", "4", "true", "gmp", "[4, 1]", "null")


def test_parameters_that_end_alike_are_called_by_their_whole_paths() -> None:
    other = "strategy.ASPPrune.ratio"
    sweep = sweep_over(job_in("new"), {RATIO: [1], other: [1], "seed": [1]}, MIOU, 2)
    assert [one.name for one in sweep.spec.parameters] == [
        "strategy_UnstructurePrune_ratio",
        "strategy_ASPPrune_ratio",
        "seed",
    ]


def test_algorithm_may_be_another() -> None:
    sweep = sweep_over(job_in("new"), {RATIO: [1]}, MIOU, 2, algorithm=Algorithm(name="Grid"))
    assert sweep.spec.algorithm.name == "Grid"


def test_text_is_no_list_of_values() -> None:
    with pytest.raises(TypeError, match=r"ratio: must be a list of values or a Range, got '0\.5'"):
        sweep_over(job_in("new"), {RATIO: "0.5"}, MIOU, 2)


def test_what_no_sweep_may_be_is_refused() -> None:
    with pytest.raises(ValidationError, match="max_trials"):
        sweep_over(job_in("new"), {RATIO: [1]}, MIOU, 0)
