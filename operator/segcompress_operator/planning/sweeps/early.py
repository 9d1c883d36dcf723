"""Early stopping: which running trials train worse than others, by the evaluations during their trainings.

Pure functions of the trials' curves: the same trials give the same decision, whenever it is made. A decision
depends on what each trial had reached at one step, never on when that was reported.
"""

import statistics
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from segcompress_api.sweep import EarlyStopping
from segcompress_api.trials import Curve, Trial, TrialState

COMPARED_WITH = 1000
"""Only this many of the newest trials that have ended are compared with: as many as a search learns from."""

MEASURED: tuple[TrialState, ...] = ("Succeeded", "Rejected")
"""States of trials that were trained to their end."""

Found = tuple[Trial, str]
"""A running trial to be stopped, and why."""


@dataclass(frozen=True, slots=True)
class EarlyStop:
    """A trial to be stopped, and why in one sentence."""

    name: str
    uid: str
    why: str


def early_stops(rule: EarlyStopping, trials: Sequence[Trial]) -> tuple[EarlyStop, ...]:
    """Return the running trials to stop, in their order, each judged by all others.

    One that is trained has cost what it was to cost, and its metrics are about to come.
    """
    trained = [trial for trial in trials if trial.curve]
    running = [trial for trial in trained if not trial.ended]
    ended = [trial for trial in trained if trial.ended][-COMPARED_WITH:]
    judged = [trial for trial in running if not trial.is_trained]
    judge = _asha if rule.name == "ASHA" else _median_stop
    found = {trial.name: why for trial, why in judge(rule, (*ended, *running), judged)}
    stopped = (trial for trial in judged if trial.name in found)
    return tuple(EarlyStop(one.name, one.uid, f"Stopped by {rule.name} {found[one.name]}") for one in stopped)


def _median_stop(rule: EarlyStopping, trials: Sequence[Trial], judged: Iterable[Trial]) -> Iterator[Found]:
    """Apply the Median Stopping Rule.

    A trial is stopped if its best mIoU up to a step is worse than the median of the running averages of the
    completed trials up to that step. Source: Golovin et al., Google Vizier, KDD 2017, section 3.2.2.
    """
    averages = [_running_averages(trial.curve) for trial in trials if trial.state in MEASURED]
    judged_at = [(trial.curve[-1][0], trial) for trial in judged if trial.curve[-1][0] >= rule.start_step]
    for step, trial, found in _at_steps(judged_at, averages):
        if len(found) < rule.min_trials:
            continue
        best, median = max(miou for _, miou in trial.curve), statistics.median(found)
        if best < median:
            yield trial, f"at step {step}: mIoU {best:.4f}, median of {len(found)} trials {median:.4f}"


def _asha(rule: EarlyStopping, trials: Sequence[Trial], judged: Iterable[Trial]) -> Iterator[Found]:
    """Apply asynchronous successive halving.

    Rungs are startStep * reductionFactor ** k. A trial continues while it is among the best
    1 / reductionFactor of all trials that have reached its last rung, by their mIoU there. Source: Li et al.,
    A System for Massively Parallel Hyperparameter Tuning, MLSys 2020 (arXiv:1810.05934), algorithm 2, in the
    variant that stops trials instead of pausing them (Ray Tune's AsyncHyperBandScheduler).
    """
    at_rung: dict[int, list[tuple[int, Trial]]] = {}
    for trial in judged:
        rung = _last_rung(rule, trial.curve[-1][0])
        if rung is not None:
            at_rung.setdefault(rung, []).append((_first_from(rung, trial.curve)[0], trial))
    for rung, judged_at in at_rung.items():
        reached = [trial.curve for trial in trials if trial.curve[-1][0] >= rung]
        for step, trial, found in _at_steps(judged_at, reached):
            _, mine = _first_from(rung, trial.curve)
            count = len(found)
            better, kept = count - bisect_right(found, mine), max(count // rule.reduction_factor, 1)
            if count > rule.min_trials and better >= kept:
                words = f"{better} of {count} trials better, {kept} may continue"
                yield trial, f"at step {step}: mIoU {mine:.4f}, {words}"


def _last_rung(rule: EarlyStopping, step: int) -> int | None:
    """Return the last rung up to the step, None before the first one."""
    if step < rule.start_step:
        return None
    rung = rule.start_step
    while rung * rule.reduction_factor <= step:
        rung *= rule.reduction_factor
    return rung


def _first_from(step: int, curve: Curve) -> tuple[int, float]:
    """Return the first evaluation at the step or after it."""
    return next((at, miou) for at, miou in curve if at >= step)


def _at_steps(
    judged: Iterable[tuple[int, Trial]], curves: Sequence[Curve]
) -> Iterator[tuple[int, Trial, Sequence[float]]]:
    """Yield each trial with its step, and the sorted values that the curves have at that step.

    A curve's value is its last one up to the step: it may be thinned. Steps are passed in ascending order,
    each evaluation once: at a thousand steps, all curves need not be read a thousand times.
    """
    every = ((at, number, value) for number, curve in enumerate(curves) for at, value in curve)
    changes = iter(sorted(every, key=itemgetter(0)))
    coming = next(changes, None)
    latest: dict[int, float] = {}
    values: list[float] = []
    for step, trial in sorted(judged, key=itemgetter(0)):
        while coming is not None and coming[0] <= step:
            _, number, value = coming
            if number in latest:
                del values[bisect_left(values, latest[number])]
            latest[number] = value
            insort(values, value)
            coming = next(changes, None)
        yield step, trial, values


def _running_averages(curve: Curve) -> Curve:
    """Return at each step the average of the evaluations up to it."""
    mious = [miou for _, miou in curve]
    return tuple((step, statistics.fmean(mious[:count])) for count, (step, _) in enumerate(curve, start=1))
