"""Sweeps whose operator is killed: no trial is lost or created twice, and parallelTrials is kept."""

from collections.abc import Callable

import pytest

from integration.operator.api import Api, eventually
from integration.operator.process import Operator
from integration.operator.sweep_stage import GRID, SweepStage, sweep_spec


@pytest.mark.parametrize("played", [1, 2, 4])
def test_an_operator_that_is_killed_loses_and_doubles_nothing(
    start_operator: Callable[..., Operator], api: Api, namespace: str, played: int
) -> None:
    sweep = SweepStage(api, namespace)
    operator = start_operator(namespace)
    sweep.apply(sweep_spec())
    sweep.plays(until=played)
    operator.kill()
    before = sweep.identities()
    for pod in sweep.pods():
        sweep.ends(pod)
    start_operator(namespace)
    sweep.plays()
    sweep.reaches("Complete", "Succeeded")
    after = sweep.identities()
    assert after[: len(before)] == before
    assert sweep.points() == GRID
    assert sweep.most_at_once == 2
    jobs = [job["metadata"]["labels"]["segcompress.dev/job-name"] for job in api.list("jobs", namespace)]
    assert sorted(jobs) == sorted(name for name, _ in after)


def test_a_trial_that_was_made_before_the_kill_is_found(
    start_operator: Callable[..., Operator], api: Api, namespace: str
) -> None:
    sweep = SweepStage(api, namespace)
    for _ in range(3):
        operator = start_operator(namespace)
        if not sweep.api.list("scs", namespace):
            sweep.apply(sweep_spec(parallelTrials=6))
        eventually(sweep.trials, "a trial")
        operator.kill()
    seen = sweep.identities()
    start_operator(namespace)
    sweep.await_trials(6)
    assert set(seen) <= set(sweep.identities())
    assert sweep.points() == GRID
