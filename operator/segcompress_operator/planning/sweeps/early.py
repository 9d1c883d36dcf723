"""Early stopping: which running trials train worse than others, by the evaluations during their trainings.

Pure functions of the trials' curves: the same trials give the same decision, whenever it is made. A decision
depends on what each trial had reached at one step, never on when that was reported.
"""

import statistics
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from segcompress_api.sweep import EarlyStopping
from segcompress_api.trials import Curve, Trial

COMPARED_WITH = 1000
"""Only this many of the newest trials that have ended are compared with: as many as a search learns from."""

MEASURED = ("Succeeded", "Rejected")
"""States of trials that were trained to their end."""

Judge = Callable[[Trial], str]
"""Returns why a running trial is to be stopped, "" if it continues."""


@dataclass(frozen=True, slots=True)
class EarlyStop:
    """A trial to be stopped, and why in one sentence."""

    name: str
    uid: str
    why: str


def early_stops(rule: EarlyStopping, trials: Sequence[Trial]) -> tuple[EarlyStop, ...]:
    """Return the running trials to stop, each judged by all others.

    One that is trained has cost what it was to cost, and its metrics are about to come.
    """
    trained = [trial for trial in trials if trial.curve]
    running = [trial for trial in trained if not trial.ended]
    ended = [trial for trial in trained if trial.ended][-COMPARED_WITH:]
    judge = (_asha if rule.name == "ASHA" else _median_stop)(rule, (*ended, *running))
    judged = ((trial, judge(trial)) for trial in running if not trial.is_trained)
    return tuple(EarlyStop(one.name, one.uid, f"Stopped by {rule.name} {why}") for one, why in judged if why)


def _median_stop(rule: EarlyStopping, trials: Sequence[Trial]) -> Judge:
    """Return the Median Stopping Rule.

    A trial is stopped if its best mIoU up to a step is worse than the median of the running averages of the
    completed trials up to that step. Source: Golovin et al., Google Vizier, KDD 2017, section 3.2.2.
    """
    completed = [trial.curve for trial in trials if trial.state in MEASURED]

    @cache
    def averages(step: int) -> list[float]:
        found = (_up_to(curve, step) for curve in completed)
        return [statistics.fmean(so_far) for so_far in found if so_far]

    def judge(trial: Trial) -> str:
        step, best = trial.curve[-1][0], max(miou for _, miou in trial.curve)
        if step < rule.start_step or len(averages(step)) < rule.min_trials:
            return ""
        median = statistics.median(averages(step))
        if best >= median:
            return ""
        return f"at step {step}: mIoU {best:.4f}, median of {len(averages(step))} trials {median:.4f}"

    return judge


def _asha(rule: EarlyStopping, trials: Sequence[Trial]) -> Judge:
    """Return asynchronous successive halving.

    Rungs are startStep * reductionFactor ** k. A trial continues while it is among the best
    1 / reductionFactor of all trials that have reached its last rung, by their mIoU there. Source: Li et al.,
    A System for Massively Parallel Hyperparameter Tuning, MLSys 2020 (arXiv:1810.05934), algorithm 2, in the
    variant that stops trials instead of pausing them (Ray Tune's AsyncHyperBandScheduler).
    """

    @cache
    def at_rung(rung: int, step: int) -> list[float]:
        reached = (_up_to(trial.curve, step) for trial in trials if trial.curve[-1][0] >= rung)
        return sorted(so_far[-1] for so_far in reached if so_far)

    def judge(trial: Trial) -> str:
        rung = _last_rung(rule, trial.curve[-1][0])
        if rung is None:
            return ""
        step, mine = next((step, miou) for step, miou in trial.curve if step >= rung)
        all_mious = at_rung(rung, step)
        count = len(all_mious)
        better, kept = count - bisect_right(all_mious, mine), max(count // rule.reduction_factor, 1)
        if count <= rule.min_trials or better < kept:
            return ""
        return f"at step {step}: mIoU {mine:.4f}, {better} of {count} trials better, {kept} may continue"

    return judge


def _last_rung(rule: EarlyStopping, step: int) -> int | None:
    """Return the last rung up to the step, None before the first one."""
    if step < rule.start_step:
        return None
    rung = rule.start_step
    while rung * rule.reduction_factor <= step:
        rung *= rule.reduction_factor
    return rung


def _up_to(curve: Curve, step: int) -> list[float]:
    """Return the mIoU of the evaluations up to the step: of a thinned curve, the last one may be earlier."""
    return [miou for at, miou in curve if at <= step]
