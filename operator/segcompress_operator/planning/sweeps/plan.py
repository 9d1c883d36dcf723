"""What to do about a SegCompressionSweep: (sweep, observed, settings, now) -> SweepPlan.

The trials are the only state of a sweep: each plan finds existing ones by name and label.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from pydantic import ValidationError

from segcompress_api.conditions import Reason
from segcompress_api.errors import InvalidSpecError, invalid_spec
from segcompress_api.space import Space, space_of
from segcompress_api.sweep import KnownTrials, SweepSpec
from segcompress_api.sweep_status import MetricName, SweepStatus
from segcompress_api.trials import target_of
from segcompress_operator.planning import statuses
from segcompress_operator.planning.plan import Announcement, Refusal
from segcompress_operator.planning.progress import Progress, refused
from segcompress_operator.planning.spec import check_depth
from segcompress_operator.planning.sweeps import report
from segcompress_operator.planning.sweeps.early import COMPARED_WITH, MEASURED, EarlyStop, early_stops
from segcompress_operator.planning.sweeps.history import History, Terms
from segcompress_operator.planning.sweeps.known import KnownQuery
from segcompress_operator.planning.sweeps.making import TRIALS_A_ROUND, WRITES_AT_ONCE, Maker
from segcompress_operator.planning.sweeps.observed import SPEC_LIMIT, Sweep, SweepObserved
from segcompress_operator.planning.sweeps.report import SweepRound
from segcompress_operator.planning.sweeps.search import LEARNED_FROM, end_of, learns
from segcompress_operator.planning.sweeps.suspending import SuspendChange, Suspending, suspending
from segcompress_operator.planning.sweeps.trials import trials_of
from segcompress_operator.settings import RunnerSettings

MEASURED_ENOUGH = 3
"""After fewer measured trials, a sweep still expects metrics that none of them has."""


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """Writes in order (trials, their suspend, status with its Events), and when to reconcile again.

    If trials are created or changed, plan again before writing the status. `read_known` is set alone: read
    those jobs, then plan again. `stop` is not written: the trials' own reconciliations stop them.
    """

    read_known: KnownQuery | None = None
    create: tuple[Mapping[str, Any], ...] = ()
    running: int = 0
    """How many trials run before these are created."""
    at_once: int = 1
    """How many trials may be created at the same time.

    One if the search learns: a trial that was created unseen may be at a point that followed from other
    results, and then the next one may be at the same. One, too, if the last try was refused.
    """
    suspend: tuple[SuspendChange, ...] = ()
    stop: tuple[EarlyStop, ...] = ()
    status: SweepStatus | None = None
    announcements: tuple[Announcement, ...] = ()
    requeue_after: float | None = None


def plan_sweep(sweep: Sweep, observed: SweepObserved, settings: RunnerSettings, now: datetime) -> SweepPlan:
    """Return the changes to make; an empty plan if there are none."""
    if sweep.deleting:
        return SweepPlan()
    status = statuses.read_status(SweepStatus, sweep.status)
    if sweep.finished:
        going_on = (child for child in observed.children if not child.finished)
        trials = trials_of(sweep.owner, going_on)
        return _after_the_end(sweep, status, suspending(trials, observed.refused, now, suspend=True))
    try:
        spec = _parse_spec(sweep)
        space = space_of(spec.parameters)
    except InvalidSpecError as error:
        round_ = SweepRound(sweep, None, status, _history(sweep, observed), now, observed.refused)
        return _fail(round_, *(report.failure_target(status) or (Reason.INVALID_SPEC, str(error))))
    round_ = SweepRound(sweep, spec, status, _history(sweep, observed, spec, space), now, observed.refused)
    decided = report.failure_target(status)
    if decided is not None:
        return _fail(round_, *decided)
    try:
        return _next(round_, Maker(sweep.owner, spec, space, settings), observed)
    except InvalidSpecError as error:
        return _fail(round_, Reason.INVALID_SPEC, str(error))


def _history(
    sweep: Sweep, observed: SweepObserved, spec: SweepSpec | None = None, space: Space | None = None
) -> History:
    target = None if spec is None else target_of(spec)
    terms = Terms(sweep.owner, target, space, observed.known or ())
    return observed.memo.history(terms, observed.children)


def _next(round_: SweepRound, maker: Maker, observed: SweepObserved) -> SweepPlan:
    """Return how the sweep ends or continues; raises InvalidSpecError."""
    spec = maker.spec
    if not round_.history.trials:
        maker.check_every_value()
    if spec.known_trials is not None and observed.known is None:
        return SweepPlan(read_known=_query(round_.sweep, spec.known_trials, maker.space))
    problem = _problem(round_, observed, maker.space)
    if problem is not None:
        return _fail(round_, *problem)
    return _suspend(round_) if spec.suspend else _go_on(round_, maker, observed)


def _problem(round_: SweepRound, observed: SweepObserved, space: Space) -> tuple[Reason, str] | None:
    """Return why the sweep fails, None if it does not."""
    failed, most = round_.counts.failed - round_.counts.rejected, round_.known_spec.max_failed_trials
    if observed.conflict:
        return Reason.NAME_CONFLICT, _conflict(observed.conflict)
    if observed.refusal is not None and observed.refusal.final:
        return Reason.INVALID_SPEC, observed.refusal.message
    if failed > most:
        words = f"{failed} trial(s) ended without metrics, spec.maxFailedTrials is {most}"
        return Reason.MAX_FAILED_TRIALS_EXCEEDED, words
    if round_.unmeasured and _is_telling(round_.history, space):
        return Reason.METRIC_NOT_MEASURED, _not_measured(round_)
    return None


def _is_telling(history: History, space: Space) -> bool:
    """Return whether later trials will lack every metric that none of the measured ones has."""
    points = (trial.point for trial in history.trials if trial.state in MEASURED)
    return history.measured >= MEASURED_ENOUGH and space.has_every_choice(points)


def _query(sweep: Sweep, known: KnownTrials, space: Space) -> KnownQuery:
    return KnownQuery(sweep.uid, tuple(sorted(known.match_labels.items())), space)


def _go_on(round_: SweepRound, maker: Maker, observed: SweepObserved) -> SweepPlan:
    """Create the next trials, wait for running ones, or end the sweep."""
    spec, end, refusal = maker.spec, end_of(maker.spec, maker.space), observed.refusal
    resumed = round_.suspending(suspend=False)
    free = round_.history.free(_room(round_, observed, len(resumed.changes)), end)
    if free and refusal is not None and round_.now < refusal.next_try(refusal.since or refusal.seen):
        return _wait(round_, refusal, resumed)
    create = maker.trials(round_.history.tried(LEARNED_FROM), free)
    if not create and not round_.counts.running:
        return _end(round_)
    counts = round_.counts
    of = max(end, counts.total)  # maxTrials may have been lowered
    words = f"{counts.running} trial(s) running, {counts.total - counts.running} of {of} ended"
    if spec.known_trials is not None:
        words += f"; {len(round_.history.terms.known)} known trial(s)"
    words += _early_stopping(round_) + report.held(resumed)
    return SweepPlan(
        create=create,
        running=counts.running,
        at_once=1 if learns(spec) or refusal is not None else WRITES_AT_ONCE,
        suspend=resumed.changes,
        stop=_early_stops(round_),
        status=report.running(round_, Progress(Reason.RUNNING, words)),
        announcements=report.going_on(round_),
        requeue_after=resumed.again,
    )


def _room(round_: SweepRound, observed: SweepObserved, resumed: int) -> int:
    """Return how many trials may be created now: one for each that has ended, and a few more.

    Trials that are resumed in the same round count among the few.
    """
    running = round_.counts.running
    begin = max(observed.in_flight - running, 0) + max(observed.more - resumed, 0)
    return min(round_.known_spec.parallel_trials - running, begin, TRIALS_A_ROUND)


def _early_stops(round_: SweepRound) -> tuple[EarlyStop, ...]:
    rule = round_.known_spec.early_stopping
    return () if rule is None else early_stops(rule, round_.history.trained(COMPARED_WITH))


def _early_stopping(round_: SweepRound) -> str:
    """Return how many trials were stopped early, and how many ended without reporting an evaluation."""
    if round_.known_spec.early_stopping is None:
        return ""
    unseen = round_.history.without_curve
    words = f"; {round_.counts.stopped} stopped early"
    return words + (
        f"; {unseen} ended without reporting an evaluation, and no trial is compared with them" * (unseen > 0)
    )


def _wait(round_: SweepRound, refusal: Refusal, resumed: Suspending) -> SweepPlan:
    """Report why no trial can be created for now."""
    again = (refusal.next_try(refusal.since or refusal.seen) - round_.now).total_seconds()
    why = refused(refusal.message)
    return SweepPlan(
        suspend=resumed.changes,
        stop=_early_stops(round_),
        status=report.running(round_, Progress(why.reason, why.message + report.held(resumed))),
        announcements=report.going_on(round_),
        requeue_after=again if resumed.again is None else min(again, resumed.again),
    )


def _conflict(name: str) -> str:
    return (
        f"SegCompressionJob {name} exists and belongs to something else; "
        "delete it, then create this resource again"
    )


def _suspend(round_: SweepRound) -> SweepPlan:
    """Suspend trials that have not ended, and report how many still have pods."""
    words = "spec.suspend is true: no new trial starts, and trials that have not ended are suspended"
    left = round_.suspending(suspend=True)
    status = report.suspended(round_, words, left)
    said = () if report.is_suspended(round_.status) else (Announcement("Normal", "Suspended", words),)
    return SweepPlan(suspend=left.changes, status=status, announcements=said, requeue_after=left.again)


def _end(round_: SweepRound) -> SweepPlan:
    """Return the end of a sweep whose trials have all ended."""
    best = round_.frontier[0] if round_.frontier else None
    if best is None and round_.unmeasured:
        return _fail(round_, Reason.METRIC_NOT_MEASURED, _not_measured(round_))
    if best is None:
        words = f"{_ended_trials(round_)}; none succeeded and satisfied every constraint"
        return _fail(round_, Reason.NO_ACCEPTABLE_TRIAL, words)
    figures = ", ".join(f"{name} {best.figures[name]}" for name in round_.target.metrics)
    words = f"{_ended_trials(round_)}; best is {best.name}: {figures}"
    status = report.succeeded(round_, words)
    return SweepPlan(status=status, announcements=(Announcement("Normal", "Succeeded", words),))


def _not_measured(round_: SweepRound) -> str:
    """Return which metrics of objectives and constraints no trial has, and which ones there are instead."""
    missing, history = ", ".join(round_.unmeasured), round_.history
    there = ", ".join(name for name in get_args(MetricName) if history.metrics[name]) or "none"
    return f"none of the {history.measured} trial(s) measured so far has {missing}; they have: {there}"


def _ended_trials(round_: SweepRound) -> str:
    words, stopped = f"{round_.counts.total} trial(s) ended", round_.counts.stopped
    return f"{words}, {stopped} of them stopped early" if stopped else words


def _fail(round_: SweepRound, reason: Reason, words: str) -> SweepPlan:
    """Suspend the trials that have not ended, and end the sweep once they have stopped."""
    if round_.active:
        left = round_.suspending(suspend=True)
        status = report.failing(round_, reason, words, left)
        return SweepPlan(suspend=left.changes, status=status, requeue_after=left.again)
    said = Announcement("Warning", "Failed", f"{reason.value}: {words}")
    return SweepPlan(status=report.failed(round_, reason, words), announcements=(said,))


def _after_the_end(sweep: Sweep, status: SweepStatus, left: Suspending) -> SweepPlan:
    """Keep trials of a failed sweep suspended, and observe the generation of an edit without effect."""
    again = None if sweep.settled else statuses.observed_again(status, sweep.generation)
    return SweepPlan(suspend=left.changes, status=again, requeue_after=left.again)


def _parse_spec(sweep: Sweep) -> SweepSpec:
    """Return the spec; raises InvalidSpecError naming the field."""
    if sweep.oversized:
        problem = f"must be at most {SPEC_LIMIT} bytes as JSON; most of it is {sweep.oversized}"
        raise InvalidSpecError("spec", problem)
    check_depth(sweep.spec)
    try:
        return SweepSpec.model_validate_json(sweep.spec, by_name=False)
    except ValidationError as error:
        raise invalid_spec(error, SweepSpec, "spec") from None
