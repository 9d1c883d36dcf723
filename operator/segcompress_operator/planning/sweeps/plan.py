"""What to do about a SegCompressionSweep: (sweep, observed, settings, now) -> SweepPlan.

Its trials are all that is known of it: whoever plans anew finds what was made before by name and label.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from segcompress_api.conditions import Reason
from segcompress_api.errors import InvalidSpecError, invalid_spec
from segcompress_api.sweep import KnownTrials, SweepSpec
from segcompress_api.sweep_status import SweepStatus
from segcompress_api.trials import Trial
from segcompress_operator.planning import statuses
from segcompress_operator.planning.plan import Announcement, Refusal
from segcompress_operator.planning.progress import Progress, refused
from segcompress_operator.planning.sweeps import report
from segcompress_operator.planning.sweeps.known import KnownQuery
from segcompress_operator.planning.sweeps.making import TRIALS_A_ROUND, Maker
from segcompress_operator.planning.sweeps.observed import SPEC_LIMIT, Sweep, SweepObserved
from segcompress_operator.planning.sweeps.report import Look
from segcompress_operator.planning.sweeps.search import end_of
from segcompress_operator.planning.sweeps.space import Space, space_of
from segcompress_operator.planning.sweeps.trials import first_free, trials_of
from segcompress_operator.settings import RunnerSettings


@dataclass(frozen=True, slots=True)
class SuspendChange:
    """A trial's new spec.suspend."""

    name: str
    suspend: bool


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """Writes in their order (trials, their suspend, status with its Events), and when to look again.

    Where anything is made or changed, the plan is to be made again before the status is written. With
    `read_known`, nothing else is known yet: the jobs are to be read, and the plan to be made again.
    """

    read_known: KnownQuery | None = None
    create: tuple[Mapping[str, Any], ...] = ()
    suspend: tuple[SuspendChange, ...] = ()
    status: SweepStatus | None = None
    announcements: tuple[Announcement, ...] = ()
    requeue_after: float | None = None


def plan_sweep(sweep: Sweep, observed: SweepObserved, settings: RunnerSettings, now: datetime) -> SweepPlan:
    """Return what is to be done; an empty plan where all is as it should be."""
    if sweep.deleting:
        return SweepPlan()
    trials = trials_of(sweep.owner, observed.children)
    status = statuses.read_status(SweepStatus, sweep.status)
    if sweep.finished:
        return _after_the_end(sweep, status, trials)
    look = Look(sweep, None, status, trials, now, observed.known or ())
    try:
        look = replace(look, spec=_parse_spec(sweep))
        return _next(look, observed, settings)
    except InvalidSpecError as error:
        return _fail(look, Reason.INVALID_SPEC, str(error))


def _next(look: Look, observed: SweepObserved, settings: RunnerSettings) -> SweepPlan:
    """Return the end of the sweep where it has come, or how it goes on; raises InvalidSpecError."""
    spec = look.known_spec
    maker = Maker(look.sweep.owner, spec, space_of(spec.parameters), settings)
    if not look.trials:
        maker.check_every_value()
    if spec.known_trials is not None and observed.known is None:
        return SweepPlan(read_known=_query(look.sweep, spec.known_trials, maker.space))
    if observed.conflict:
        return _fail(look, Reason.NAME_CONFLICT, _conflict(observed.conflict))
    if observed.refusal is not None and observed.refusal.final:
        return _fail(look, Reason.INVALID_SPEC, observed.refusal.message)
    failed = look.counts.failed - look.counts.rejected
    if failed > spec.max_failed_trials:
        words = f"{failed} trial(s) ended without figures, spec.maxFailedTrials is {spec.max_failed_trials}"
        return _fail(look, Reason.MAX_FAILED_TRIALS_EXCEEDED, words)
    if spec.suspend:
        return _suspend(look)
    return _go_on(look, maker, observed.refusal)


def _query(sweep: Sweep, known: KnownTrials, space: Space) -> KnownQuery:
    return KnownQuery(sweep.uid, tuple(sorted(known.match_labels.items())), space)


def _go_on(look: Look, maker: Maker, refusal: Refusal | None) -> SweepPlan:
    """Make the next trials, wait for those that run, or end."""
    spec, end = maker.spec, end_of(maker.spec, maker.space)
    room = min(spec.parallel_trials - look.counts.running, TRIALS_A_ROUND)
    free = first_free(look.trials, max(room, 0), end)
    if free and refusal is not None and look.now < refusal.next_try(refusal.since or refusal.seen):
        return _wait(look, refusal)
    create = maker.trials((*look.known, *look.trials), free)
    if not create and not look.counts.running:
        return _end(look)
    counts = look.counts
    of = max(end, counts.total)  # maxTrials may have been lowered
    words = f"{counts.running} trial(s) run, {counts.total - counts.running} of {of} have ended"
    if spec.known_trials is not None:
        words += f"; {len(look.known)} known trial(s)"
    return SweepPlan(
        create=create,
        suspend=_changes(look.trials, suspend=False),
        status=report.running(look, Progress(Reason.RUNNING, words)),
        announcements=report.going_on(look),
    )


def _wait(look: Look, refusal: Refusal) -> SweepPlan:
    """Say why no trial can be made for now."""
    again = refusal.next_try(refusal.since or refusal.seen)
    return SweepPlan(
        suspend=_changes(look.trials, suspend=False),
        status=report.running(look, refused(refusal.message)),
        requeue_after=(again - look.now).total_seconds(),
    )


def _conflict(name: str) -> str:
    return (
        f"SegCompressionJob {name} exists and belongs to something else; "
        "delete it and make this resource again"
    )


def _suspend(look: Look) -> SweepPlan:
    """Suspend what has not ended; say so, and what of it still runs."""
    left = [trial for trial in look.trials if not trial.ended and not trial.stopped]
    words = "spec.suspend is true: no trial is started, and those that have not ended are suspended"
    status = report.suspended(look, words, len(left))
    said = () if report.is_suspended(look.status) else (Announcement("Normal", "Suspended", words),)
    return SweepPlan(suspend=_changes(look.trials, suspend=True), status=status, announcements=said)


def _end(look: Look) -> SweepPlan:
    """Return the end of a sweep whose trials have all ended."""
    best = look.frontier[0] if look.frontier else None
    if best is None:
        words = f"{look.counts.total} trial(s) ended; none succeeded and kept every constraint"
        never = ", ".join(_never_measured(look))
        words += f"; none that succeeded has measured {never}" if never else ""
        return _fail(look, Reason.NO_ACCEPTABLE_TRIAL, words)
    figures = ", ".join(f"{name} {best.figures[name]}" for name in look.target.metrics)
    words = f"{look.counts.total} trial(s) ended; best is {best.name}: {figures}"
    status = report.succeeded(look, words)
    return SweepPlan(status=status, announcements=(Announcement("Normal", "Succeeded", words),))


def _never_measured(look: Look) -> list[str]:
    """Return the figures that matter and that none of the trials that succeeded has."""
    succeeded = [trial for trial in look.trials if trial.state == "Succeeded"]
    has = {name for trial in succeeded for name in trial.figures}
    return [name for name in look.target.metrics if succeeded and name not in has]


def _fail(look: Look, reason: Reason, words: str) -> SweepPlan:
    """Return the end of a sweep that cannot go on; nothing of it runs any longer."""
    said = Announcement("Warning", "Failed", f"{reason.value}: {words}")
    return SweepPlan(
        suspend=_changes(look.trials, suspend=True),
        status=report.failed(look, reason, words),
        announcements=(said,),
    )


def _after_the_end(sweep: Sweep, status: SweepStatus, trials: list[Trial]) -> SweepPlan:
    """Keep trials of a failed sweep suspended, and acknowledge an edit that changes nothing any more."""
    again = None if sweep.settled else statuses.observed_again(status, sweep.generation)
    return SweepPlan(suspend=_changes(trials, suspend=True), status=again)


def _changes(trials: list[Trial], *, suspend: bool) -> tuple[SuspendChange, ...]:
    """Return what makes every trial that has not ended suspended, or not; so many as a round takes."""
    changed = [trial for trial in trials if not trial.ended and trial.suspend != suspend]
    return tuple(SuspendChange(trial.name, suspend) for trial in changed[:TRIALS_A_ROUND])


def _parse_spec(sweep: Sweep) -> SweepSpec:
    """Return the spec; raises InvalidSpecError naming the field."""
    if sweep.oversized:
        problem = f"must be at most {SPEC_LIMIT} bytes as JSON; most of it is {sweep.oversized}"
        raise InvalidSpecError("spec", problem)
    try:
        return SweepSpec.model_validate_json(sweep.spec, by_name=False)
    except ValidationError as error:
        raise invalid_spec(error, SweepSpec, "spec") from None
