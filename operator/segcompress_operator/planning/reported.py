"""Progress as a status shows it: the newest report of the run's last pod, written when that is due."""

from typing import NamedTuple

from segcompress_api.progress import JobProgress, Stage, TrainingEvaluation, seconds_until_due
from segcompress_api.status import timestamp
from segcompress_operator.planning.parsing import parse_time
from segcompress_operator.planning.plan import Reported
from segcompress_operator.planning.rounds import Round

Evaluations = tuple[TrainingEvaluation, ...] | None


class Shown(NamedTuple):
    """What a status shows of the pods' reports; the names are those of its fields."""

    progress: JobProgress | None
    evaluations: Evaluations


def shown_under_way(round_: Round) -> tuple[Shown, float | None]:
    """Return what a status shows while a run continues, and when to look again at what is not due yet.

    A runner sends equal reports only once: of a stage without steps there is one.
    """
    stands, reported = Shown(_of_last_pod(round_), round_.status.evaluations), round_.observed.reported
    if reported is None:
        return stands, None
    new = Shown(_progress(reported), _evaluations(round_))
    if stands.progress is None or new.progress is None:
        return new, None
    moved = _marks(new) != _marks(stands)
    since = parse_time(stands.progress.last_update_time)
    # A timestamp in the future comes from a clock that was wrong: it holds nothing back for long.
    seconds = abs((round_.now - since).total_seconds()) if since else float("inf")
    wait = seconds_until_due(moved=moved, seconds=seconds)
    if wait > 0:
        return stands, wait if moved else None
    # Stamped when it is written: the wait for the next one is counted from there.
    progress = new.progress.model_copy(update={"last_update_time": timestamp(round_.now)})
    return new._replace(progress=progress), None


def shown_at_the_end(round_: Round, *, good: bool) -> Shown:
    """Return what a status keeps of an ended run: evaluations and, if it did not succeed, its progress."""
    reported = round_.observed.reported
    last = _progress(reported) if reported else round_.status.progress
    kept = None if good or last is None else last.model_copy(update={"eta_seconds": None})
    return Shown(kept, _evaluations(round_))


def _evaluations(round_: Round) -> Evaluations:
    """Return those of the last report; those of the previous pod stay unless the last one trains anew."""
    reported = round_.observed.reported
    if reported is None:
        return round_.status.evaluations
    anew = reported.report.stage is Stage.COMPRESS
    return reported.report.evaluations or (None if anew else round_.status.evaluations)


def _marks(shown: Shown) -> tuple[object, ...]:
    progress = shown.progress
    return (progress and progress.stage, progress and progress.percent, shown.evaluations)


def _of_last_pod(round_: Round) -> JobProgress | None:
    """Return the progress that stands, unless it is that of an earlier pod or there is no pod."""
    stands, pods = round_.status.progress, round_.observed.pods
    since = parse_time(stands.last_update_time) if stands else None
    return stands if since and pods and since >= pods[-1].created else None


def _progress(reported: Reported) -> JobProgress:
    report = reported.report
    return JobProgress(
        stage=report.stage.value,
        step=report.step,
        total_steps=report.total_steps,
        percent=report.percent,
        eta_seconds=report.eta_seconds,
        last_update_time=timestamp(reported.received),
    )
