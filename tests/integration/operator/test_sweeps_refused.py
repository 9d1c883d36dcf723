"""Sweeps, and changes to them, that a real API server refuses."""

from typing import Any

import pytest

from integration.operator import objects
from integration.operator.api import Api, ApiError, Body
from integration.operator.sweep_stage import PARAMETERS, SweepStage, sweep_spec

REFUSED: dict[str, tuple[Body, str]] = {
    "both domains": (
        {"parameters": [{**PARAMETERS[0], "range": {"min": "0.1", "max": "0.2"}}]},
        "give exactly one of values and range",
    ),
    "no such part of the spec": (
        {"parameters": [{**PARAMETERS[0], "path": "UnstructurePrune.ratio"}]},
        "path must begin with a field of a SegCompressionJob's spec",
    ),
    "suspend": (
        {"parameters": [{**PARAMETERS[0], "path": "suspend"}]},
        "suspend cannot be swept: the sweep's own suspend suspends its trials",
    ),
    "one path twice": (
        {"parameters": [PARAMETERS[0], {**PARAMETERS[0], "name": "b"}]},
        "no two parameters may have the same path",
    ),
    "path below another": (
        {"parameters": [PARAMETERS[0], {**PARAMETERS[0], "name": "b", "path": "strategy"}]},
        "no two parameters may have the same path",
    ),
    "one name twice": (
        {"parameters": [PARAMETERS[0], {**PARAMETERS[1], "name": "ratio"}]},
        "Duplicate value",
    ),
    "empty range": (
        {"parameters": [{"name": "r", "path": "seed", "range": {"min": "2", "max": "1"}}]},
        "max must be greater than min",
    ),
    "logarithm of 0": (
        {"parameters": [{"name": "r", "path": "seed", "range": {"min": "0", "max": "1", "scale": "Log"}}]},
        "min must be greater than 0",
    ),
    "logarithm in steps": (
        {
            "parameters": [
                {"name": "r", "path": "seed", "range": {"min": "1", "max": "9", "step": "1", "scale": "Log"}}
            ]
        },
        "step must be greater than 0, and requires scale Linear",
    ),
    "grid without steps": (
        {"parameters": [{"name": "r", "path": "seed", "range": {"min": "1", "max": "2"}}]},
        "algorithm Grid requires values, or a range with a step",
    ),
    "two bounds": (
        {"constraints": [{"metric": "speedup", "min": "1", "max": "2"}]},
        "give exactly one of max and min",
    ),
    "unknown metric": ({"objectives": [{"metric": "miou", "goal": "Maximize"}]}, "Unsupported value"),
    "template that is suspended": (
        {"template": {"spec": {**objects.SPEC, "suspend": True}}},
        "set the sweep's own suspend",
    ),
    "our own labels": (
        {"template": {"metadata": {"labels": {"segcompress.dev/trial": "7"}}, "spec": objects.SPEC}},
        "are written by the operator",
    ),
    "template that no job may be": (
        {"template": {"spec": {**objects.SPEC, "strategy": {"UnstructurePrune": {"ratio": 0.75}}}}},
        "TrainConfig is required",
    ),
    "template that only parameters complete": (
        {
            "template": {
                "spec": {
                    **objects.SPEC,
                    "strategy": {**objects.SPEC["strategy"], "UnstructurePrune": {}},
                }
            }
        },
        "ratio is required by prune_mode ratio",
    ),
    "no trials": ({"maxTrials": 0}, "maxTrials"),
    "nothing that learns": (
        {"knownTrials": {"matchLabels": {"model": "lite"}}},
        "knownTrials has no effect unless algorithm is TPE or NSGAII",
    ),
    "early stopping by what no training reports": (
        {
            "objectives": [{"metric": "speedup", "goal": "Maximize"}],
            "earlyStopping": {"name": "ASHA", "startStep": 400},
        },
        "earlyStopping requires the objective compressed.miou (Maximize) or miouDrop (Minimize)",
    ),
    "early stopping from no step": ({"earlyStopping": {"name": "MedianStop"}}, "startStep"),
    "key of no label": (
        {"algorithm": {"name": "TPE"}, "knownTrials": {"matchLabels": {"a,b": "1"}}},
        "keys of matchLabels must be label keys",
    ),
    "value of no label": (
        {"algorithm": {"name": "TPE"}, "knownTrials": {"matchLabels": {"a": "1,b=2"}}},
        "spec.knownTrials.matchLabels.a",
    ),
}


@pytest.mark.parametrize(("changes", "words"), REFUSED.values(), ids=REFUSED)
def test_admission_refuses(api: Api, namespace: str, changes: Body, words: str) -> None:
    with pytest.raises(ApiError) as raised:
        SweepStage(api, namespace).apply(sweep_spec(**changes))
    assert raised.value.status == 422
    assert words in str(raised.value)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"algorithm": {"name": "Random"}}, id="algorithm"),
        pytest.param({"parameters": PARAMETERS[:1]}, id="parameters"),
        pytest.param({"maxFailedTrials": 9}, id="maxFailedTrials"),
        pytest.param({"template": {"spec": {"seed": 3}}}, id="template"),
        pytest.param({"template": {"spec": {"strategy": {"TrainConfig": {"learning_rate": 3}}}}}, id="leaf"),
        pytest.param({"objectives": [{"metric": "speedup", "goal": "Maximize"}]}, id="objectives"),
        pytest.param({"constraints": []}, id="constraints"),
        pytest.param({"knownTrials": {"matchLabels": {"model": "lite"}}}, id="knownTrials"),
        pytest.param({"earlyStopping": {"name": "ASHA", "startStep": 400}}, id="earlyStopping"),
    ],
)
def test_a_sweep_is_immutable_but_for_its_pace(api: Api, namespace: str, change: dict[str, Any]) -> None:
    sweep = SweepStage(api, namespace)
    sweep.apply(sweep_spec(algorithm={"name": "TPE"}, suspend=True))
    with pytest.raises(ApiError, match=f"spec.{next(iter(change))} is immutable"):
        sweep.edit(**change)
    sweep.edit(maxTrials=5, parallelTrials=7, suspend=False)
