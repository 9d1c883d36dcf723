"""A sweep of three trials in runner pods, two at a time."""

from itertools import pairwise

import pytest

from e2e.conftest import Ends
from e2e.kube import Body
from e2e.specs import spec
from e2e.stage import Scenario, Stage, scenario_id
from e2e.sweeps import Sweep

RATIOS = ("0.1", "0.2", "0.3")
"""At each of them four iterations are enough: specs.RATIO says why not more."""


def sweep_spec(output: str) -> Body:
    return {
        "template": {"spec": spec(output, acceptance={"maxMiouDrop": "Unlimited"})},
        "parameters": [{"name": "ratio", "path": "strategy.UnstructurePrune.ratio", "values": [*RATIOS]}],
        "algorithm": {"name": "Grid"},
        "objectives": [{"metric": "compressed.sparsity", "goal": "Maximize"}],
        "maxTrials": 10,
        "parallelTrials": 2,
    }


def three_trials_two_at_a_time(stage: Stage) -> None:
    sweep = Sweep(stage.kube, stage.namespace, "ratios").apply(sweep_spec(stage.output("ratios")))
    assert "best is" in sweep.succeeds()
    trials, status = sweep.trials(), sweep.status()
    assert [sweep.parameters(trial)["ratio"] for trial in trials] == [*RATIOS]
    for trial, ratio in zip(trials, RATIOS, strict=True):
        assert trial["status"]["phase"] == "Succeeded"
        assert abs(float(trial["status"]["metrics"]["compressed"]["sparsity"]) - float(ratio)) <= 0.005
        assert trial["status"]["artifacts"]["manifest"]["sha256"]
    ended_well = {"total": 3, "running": 0, "succeeded": 3, "failed": 0, "rejected": 0, "stopped": 0}
    assert status["trials"] == ended_well
    # Sparsity is the only objective: the sparsest trial beats the others.
    assert status["bestTrial"]["name"] == trials[-1]["metadata"]["name"]
    assert status["bestTrial"]["parameters"] == {"ratio": "0.3"}
    assert [entry["name"] for entry in status["frontier"]] == [status["bestTrial"]["name"]]
    check_two_at_a_time(trials)


def check_two_at_a_time(trials: list[Body]) -> None:
    """Check that the second trial did not wait for the first one, and the third did for one of both."""
    first, second, third = (trial["metadata"]["creationTimestamp"] for trial in trials)
    ends = sorted(trial["status"]["completionTime"] for trial in trials[:2])
    assert all(before <= after for before, after in pairwise((first, second, ends[0], third)))


SCENARIOS: tuple[Scenario, ...] = (three_trials_two_at_a_time,)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=scenario_id)
def test_sweep(ends: Ends, scenario: Scenario) -> None:
    ends[scenario_id(scenario)].result()
