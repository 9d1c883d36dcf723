"""Progress as a status shows it: the newest report of the run's last pod, written when that is due."""

from segcompress_api.progress import JobProgress, seconds_until_due
from segcompress_api.status import timestamp
from segcompress_operator.planning.parsing import parse_time
from segcompress_operator.planning.plan import Reported
from segcompress_operator.planning.rounds import Round


def progress_under_way(look: Round) -> tuple[JobProgress | None, float | None]:
    """Return what a status is to show while a run goes on, and when to look again at what is not due yet.

    A runner tells the same only once: a stage without steps is heard of by one report.
    """
    stands, reported = _of_last_pod(look), look.observed.reported
    if reported is None:
        return stands, None
    new = _shown(reported)
    if stands is None:
        return new, None
    moved = (new.stage, new.percent) != (stands.stage, stands.percent)
    since = parse_time(stands.last_update_time)
    # A stamp that lies ahead comes from a clock that is off: it holds nothing back for long.
    seconds = abs((look.now - since).total_seconds()) if since else float("inf")
    wait = seconds_until_due(moved=moved, seconds=seconds)
    if wait > 0:
        return stands, wait if moved else None
    # Stamped when it is written, for that is what the next one is counted from.
    return new.model_copy(update={"last_update_time": timestamp(look.now)}), None


def last_progress(look: Round) -> JobProgress | None:
    """Return how far a run came that failed: as far as was heard, and no estimate of what is left."""
    reported = look.observed.reported
    last = _shown(reported) if reported else look.status.progress
    return None if last is None else last.model_copy(update={"eta_seconds": None})


def _of_last_pod(look: Round) -> JobProgress | None:
    """Return the progress that stands, unless it is that of an earlier pod or there is no pod."""
    stands, pods = look.status.progress, look.observed.pods
    since = parse_time(stands.last_update_time) if stands else None
    return stands if since and pods and since >= pods[-1].created else None


def _shown(reported: Reported) -> JobProgress:
    report = reported.report
    return JobProgress(
        stage=report.stage.value,
        step=report.step,
        total_steps=report.total_steps,
        percent=report.percent,
        eta_seconds=report.eta_seconds,
        last_update_time=timestamp(reported.received),
    )
