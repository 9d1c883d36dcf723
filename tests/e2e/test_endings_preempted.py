"""A preempted pod does not count as a failure, and another takes its place."""

import pytest

from e2e.conftest import Ends
from e2e.kube import eventually
from e2e.runs import Run
from e2e.stage import Scenario, Stage, scenario_id

REASONS = 'jsonpath={.status.conditions[?(@.type=="Reconciling")].reason}{"\\n"}'
DISRUPTIONS = 'jsonpath={.status.conditions[?(@.type=="DisruptionTarget")].reason}{"\\n"}'


def check_preempted(run: Run) -> None:
    """Check that a second pod did the work, though no failure was allowed."""
    run.succeeds("Succeeded")
    attempts = run.attempts()
    assert (attempts["failed"], attempts["preempted"]) == (0, 1)
    assert len(run.jobs()) == 1


def sigterm(stage: Stage) -> None:
    run = stage.run("sigterm", seed=1, strategy__TrainConfig__train_iter=60, backoffLimit=0)
    first = run.pod()
    run.says(first, "Compress started")
    with stage.kube.watched("scj", "-n", stage.namespace, run.name, "-o", REASONS) as reasons:
        stage.kube("exec", "-n", stage.namespace, first, "--", "sh", "-c", "kill -TERM 1")
        check_preempted(run)
        assert "Preempted" in reasons()
    killed, other = run.pods()
    assert killed["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 5
    assert other["status"]["phase"] == "Succeeded"
    assert "Preempted: stopped by SIGTERM" in run.log(first)


def eviction(stage: Stage) -> None:
    run = stage.run("evicted", seed=2, backoffLimit=0)
    first = run.pod()
    # Importing Paddle takes longer than the second that this eviction leaves: the signal is not handled.
    run.says(first, "Validate started")
    with stage.kube.watched("pod", "-n", stage.namespace, first, "-o", DISRUPTIONS) as disruptions:
        eventually(disruptions, f"the watch of {first}")  # which is gone a few seconds after its eviction
        stage.kube.evict(stage.namespace, first)
        eventually(lambda: "EvictionByEvictionAPI" in disruptions(), f"{first} disrupted", run.explain)
    check_preempted(run)


SCENARIOS: tuple[Scenario, ...] = (sigterm, eviction)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=scenario_id)
def test_preempted(ends: Ends, scenario: Scenario) -> None:
    ends[scenario_id(scenario)].result()
