"""Early stopping: what a sweep makes of the trials that a rule stops."""

import sys
from typing import Any

import pytest

from segcompress_operator.planning.plan import Refusal
from segcompress_operator.planning.sweeps.plan import SweepPlan
from segcompress_operator.planning.sweeps.trials import curve_of
from unit.operator.samples import NOW, at
from unit.operator.sweeps.sweep_samples import NAMES, P, child, curve, ended, message, plan, points, spec_body

RUNNING = {
    "observedGeneration": 1,
    "phase": "Running",
    "progress": {"stage": "Compress", "step": 1, "lastUpdateTime": at(-1)},
}


EARLY = spec_body(earlyStopping={"name": "MedianStop", "startStep": 100, "minTrials": 2})


def done(index: int, *mious: float, reason: str = "Succeeded") -> Any:
    return child(index, P[index], {**ended(reason, miou=mious[-1], latency=9), **curve(*mious)})


def at_work(index: int, *mious: float) -> Any:
    return child(index, P[index], {**RUNNING, **(curve(*mious) if mious else {})})


def told(made: SweepPlan) -> str:
    return message(made, "Reconciling")[1]


def test_a_sweep_stops_a_trial_and_waits_for_its_end() -> None:
    made = plan(done(0, 0.5, 0.6), done(1, 0.5, 0.7), at_work(2, 0.4), at_work(3, 0.5), spec=EARLY)
    why = "Stopped by MedianStop at step 100: mIoU 0.4000, median of 2 trials 0.5000"
    assert [(each.name, each.uid, each.why) for each in made.stop] == [(NAMES[2], "trial-2", why)]
    assert (made.create, made.suspend) == ((), ())
    assert told(made) == "2 trial(s) running, 2 of 6 ended; 0 stopped early"


def test_a_sweep_whose_next_trial_is_refused_stops_trials_all_the_same() -> None:
    refusal = Refusal("Trial", "no more trials", NOW)
    made = plan(done(0, 0.5, 0.6), done(1, 0.5, 0.7), at_work(2, 0.4), spec=EARLY, refusal=refusal)
    assert (told(made), made.create) == ("no more trials", ())
    assert [each.name for each in made.stop] == [NAMES[2]]


def test_a_sweep_without_early_stopping_stops_nobody() -> None:
    made = plan(done(0, 0.5, 0.6), done(1, 0.5, 0.7), at_work(2, 0.1))
    assert made.stop == ()
    assert told(made) == "1 trial(s) running, 2 of 6 ended"


def test_earlier_evaluations_of_a_running_trial_are_not_kept() -> None:
    """Each report makes another status: with all of them, the operator's memory would grow for days."""
    first = at_work(0, 0.9876).status
    before = sys.getrefcount(first)
    assert curve_of(first) == ((100, 0.9876),)
    for number in range(3000):
        curve_of(first.replace(b"0.9876", b"0.%04d" % number))
    assert sys.getrefcount(first) == before


@pytest.mark.parametrize(
    ("stage", "stops"),
    [
        pytest.param("Compress", True, id="training"),
        *((stage, False) for stage in ("Publish", "Evaluate", "Benchmark")),
        pytest.param("Fetch", False, id="another pod, which has not trained yet"),
        pytest.param(None, False, id="no pod"),
    ],
)
@pytest.mark.parametrize("name", ["MedianStop", "ASHA"])
def test_only_a_trial_that_trains_is_stopped(name: str, stage: str | None, *, stops: bool) -> None:
    """A retried pod that finds its weights published evaluates them, whatever they looked like before."""
    spec = {**EARLY, "earlyStopping": {**EARLY["earlyStopping"], "name": name}}
    progress = stage and {"stage": stage, "step": 1, "lastUpdateTime": at(-1)}
    worse = child(2, P[2], {**RUNNING, **curve(0.1), "progress": progress})
    made = plan(done(0, 0.5, 0.6), done(1, 0.5, 0.7), worse, spec=spec)
    assert [each.name for each in made.stop] == [NAMES[2]] * stops


def test_a_suspended_sweep_decides_nothing() -> None:
    spec = {**EARLY, "suspend": True}
    assert plan(done(0, 0.5, 0.6), done(1, 0.5, 0.7), at_work(2, 0.1), spec=spec).stop == ()


def test_a_stopped_trial_is_neither_failed_nor_tried_again() -> None:
    spec = {**EARLY, "maxFailedTrials": 0}
    gone = child(1, P[1], {**ended("StoppedEarly"), **curve(0.1)})
    made = plan(done(0, 0.5, 0.6), gone, spec=spec)
    assert made.status is not None
    assert made.status.trials is not None
    counts = {"total": 2, "running": 0, "succeeded": 1, "failed": 0, "rejected": 0, "stopped": 1}
    assert made.status.trials.to_wire() == counts
    assert points(made) == P[2:4]
    assert told(made) == "0 trial(s) running, 2 of 6 ended; 1 stopped early"


def test_a_sweep_ends_with_its_stopped_trials() -> None:
    gone = [child(n, P[n], {**ended("StoppedEarly"), **curve(0.1)}) for n in range(1, 6)]
    made = plan(done(0, 0.5, 0.6), *gone, spec=EARLY)
    assert made.status is not None
    assert made.status.phase == "Succeeded"
    assert message(made, "Finished")[1].startswith("6 trial(s) ended, 5 of them stopped early; best is")


def test_trials_of_a_runner_that_reports_no_evaluations_are_told_of() -> None:
    silent = child(0, P[0], ended(miou=0.6, latency=9))
    made = plan(silent, done(1, 0.5, 0.7), at_work(2), spec=EARLY)
    words = "; 1 ended without reporting an evaluation, and no trial is compared with them"
    assert told(made) == f"1 trial(s) running, 2 of 6 ended; 0 stopped early{words}"
    assert told(plan(silent, at_work(2))) == "1 trial(s) running, 1 of 6 ended"
