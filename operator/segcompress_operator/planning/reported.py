"""Progress as a status shows it: the newest report of the run's last pod, written when that is due."""

from segcompress_api.progress import JobProgress, is_due
from segcompress_api.status import timestamp
from segcompress_operator.planning.parsing import parse_time
from segcompress_operator.planning.plan import Reported
from segcompress_operator.planning.rounds import Round


def progress_under_way(look: Round) -> JobProgress | None:
    """Return what a status is to show while a run goes on; what is not due yet waits for the next report."""
    stands, reported = _of_last_pod(look), look.observed.reported
    if reported is None:
        return stands
    new = _shown(reported)
    if stands is None:
        return new
    moved = (new.stage, new.percent) != (stands.stage, stands.percent)
    since = parse_time(stands.last_update_time)
    # A stamp that lies ahead comes from a clock that is off: it holds nothing back for long.
    seconds = abs((reported.received - since).total_seconds()) if since else float("inf")
    return new if is_due(moved=moved, seconds=seconds) else stands


def last_progress(look: Round) -> JobProgress | None:
    """Return how far a run came that failed: as far as was heard, and no estimate of what is left."""
    reported = look.observed.reported
    last = _shown(reported) if reported else look.status.progress
    return None if last is None else last.model_copy(update={"eta_seconds": None})


def _of_last_pod(look: Round) -> JobProgress | None:
    """Return the progress that stands, unless it is that of an earlier pod."""
    stands, pods = look.status.progress, look.observed.pods
    since = parse_time(stands.last_update_time) if stands else None
    return stands if since and not (pods and since < pods[-1].created) else None


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
