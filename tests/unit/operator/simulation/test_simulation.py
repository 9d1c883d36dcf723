"""Sweeps in virtual time: the real operator, woken by itself and by what happens to trials, Jobs and pods.

Each story ends when nothing is left to happen. `make test-model` plays many more of them.
"""

import os

import pytest

from segcompress_operator.kinds import SWEEPS
from unit.operator.simulation import drawn
from unit.operator.simulation.judged import broken, conditions, ended_times, read, why
from unit.operator.simulation.server import Body, Faults, Policy
from unit.operator.simulation.story import Edit, Story, play
from unit.operator.sweeps.busy import seeds

SWEEPS_PLAYED = int(os.environ.get("SEGCOMPRESS_SIMULATED_SWEEPS", "6"))
FIRST = int(os.environ.get("SEGCOMPRESS_SIMULATION_SEED", "0"))


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SWEEPS_PLAYED))
def test_a_sweep_ends_right_whatever_goes_wrong(seed: int) -> None:
    story = drawn.story(seed)
    assert broken(story, play(story), play(story.undisturbed)) == []


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("rule", [{}, {"objectives": drawn.MIOU, "earlyStopping": drawn.ASHA}])
def test_a_job_that_is_created_late_does_not_run_on(rule: Body, seed: int) -> None:
    """Its trial was stopped early, or resumed with another Job, while the request was on its way."""
    spec = seeds(12, parallelTrials=12, maxFailedTrials=99, **rule)
    edits = [Edit(45.0, {"suspend": True}), Edit(55.0, {"suspend": False})]
    late = Story(spec, edits, faults=[Faults(0.0, 5.0, ("late",), 0.7)], seed=seed)
    assert broken(late, play(late), play(late.undisturbed)) == []


def test_trials_that_may_not_resume_hold_back_no_other() -> None:
    """A policy refuses to resume 18 of 36 trials for ten minutes: more than a round resumes."""
    spec = seeds(44, parallelTrials=36, maxFailedTrials=99)
    edits = [Edit(5.0, {"suspend": True}), Edit(20.0, {"suspend": False})]
    refused = Story(spec, edits, policies=[Policy(0.0, 600.0, "resume", below=18)])
    ended, calm = play(refused), play(refused.undisturbed)
    assert broken(refused, ended, calm) == []
    last = max(ended_times(calm).values())
    assert all(time <= last + 60.0 for index, time in ended_times(ended).items() if index >= 18)
    said = {conditions(read(change))["Reconciling"][2] for change in ended.changes[SWEEPS][1:]}
    assert any("18 trial(s) cannot be resumed: trial widths-" in words for words in said)


def test_trials_that_may_not_be_suspended_hold_back_no_other() -> None:
    spec = seeds(80, parallelTrials=80, maxFailedTrials=99)
    edits = [Edit(8.0, {"suspend": True}), Edit(300.0, {"suspend": False})]
    refused = Story(spec, edits, policies=[Policy(0.0, 150.0, "suspend", below=66)])
    ended = play(refused)
    assert broken(refused, ended, play(refused.undisturbed)) == []
    said = {conditions(read(change))["Reconciling"][2] for change in ended.changes[SWEEPS][1:]}
    assert any("trial(s) cannot be suspended: trial widths-" in words for words in said)
    assert why(ended.sweep) == "Succeeded"
