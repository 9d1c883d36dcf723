"""A job's log, line by line, from one pod after another; broken connections are resumed."""

import math
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Protocol

from segcompress.client.errors import NotFoundError, NotReadyError, UnreachableError
from segcompress.client.outcomes import standing
from segcompress.client.watching import PATIENCE_S, SYSTEM_CLOCK, Clock
from segcompress_api.conditions import is_finished
from segcompress_api.contract import RUNNER_CONTAINER
from segcompress_api.job import SegCompressionJob

Body = dict[str, Any]
Moment = tuple[datetime, str]
"""A second, and its fraction as digits."""

_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")
_PAUSE_S = 2.0
_MARGIN_S = 10
"""Seconds of a log to request again after a broken connection; lines already yielded are skipped."""


class Source(Protocol):
    """A job, its pods and their logs."""

    def job(self) -> SegCompressionJob:
        """Return the job."""

    def pods(self, job: SegCompressionJob) -> list[Body]:
        """Return the pods of the job's last start."""

    def log(self, pod: str, *, follow: bool, since_seconds: int | None) -> Iterator[str]:
        """Yield lines, each after its timestamp; raises UnreachableError if the connection breaks."""


def log_lines(source: Source, *, follow: bool, clock: Clock = SYSTEM_CLOCK) -> Iterator[str]:
    """Yield the lines of the newest pod that has run.

    With `follow` it waits for a pod, goes on with each pod that comes after it, and ends with the job. Raises
    NotReadyError where there is no log, NotFoundError where the job is not there.
    """
    told: list[Body] = []
    job, pods = _look(source)
    while True:
        pod = _newest(pods, told)
        if pod is not None:
            yield from _of_pod(source, job, pod, follow=follow, clock=clock)
            told.append(pod)
        elif not follow or is_finished(job.status.conditions):
            break
        if not follow:
            return
        job, pods = _look_again(source, job, clock)
    if not told:
        raise NotReadyError(f"{job.metadata.name} has no pod with a log yet: it is {standing(job)}")


def _look(source: Source) -> tuple[SegCompressionJob, list[Body]]:
    job = source.job()
    return job, source.pods(job)


def _look_again(
    source: Source, before: SegCompressionJob, clock: Clock
) -> tuple[SegCompressionJob, list[Body]]:
    """Wait a little, then read again, until the API server answers; raises NotFoundError for another job."""
    patience = clock.now() + PATIENCE_S
    while True:
        clock.sleep(_PAUSE_S)
        try:
            found = _look(source)
        except UnreachableError:
            if clock.now() >= patience:
                raise
            continue
        if found[0].metadata.uid != before.metadata.uid:
            raise NotFoundError(f"{before.metadata.name} was deleted meanwhile")
        return found


def _newest(pods: list[Body], told: list[Body]) -> Body | None:
    """Return the newest pod whose container has started, None if its log was read already."""
    started = [pod for pod in pods if _state(pod).keys() & {"running", "terminated"}]
    newest = max(started, key=lambda pod: pod["metadata"]["creationTimestamp"], default=None)
    known = {pod["metadata"]["uid"] for pod in told}
    return None if newest is None or newest["metadata"]["uid"] in known else newest


def _of_pod(
    source: Source, job: SegCompressionJob, pod: Body, *, follow: bool, clock: Clock
) -> Iterator[str]:
    name, heard = pod["metadata"]["name"], clock.now()
    last: Moment | None = None
    since: int | None = None
    cut_at: float | None = None
    while True:
        try:
            known = last
            for line in source.log(name, follow=follow, since_seconds=since):
                moment, text = stamped(line)
                if known is None or moment is None or moment > known:
                    last, heard = moment or last, clock.now()
                    yield text
            cut_at = None
        except UnreachableError:
            cut_at = clock.now() if cut_at is None else cut_at
            if not follow or clock.now() - cut_at > PATIENCE_S:
                raise
        except NotFoundError:  # deleted meanwhile
            return
        # What was written after the connection broke must still be read, even if the pod has ended.
        if not follow or (_has_ended(pod, _look_again(source, job, clock)[1]) and cut_at is None):
            return
        since = None if last is None else math.ceil(clock.now() - heard) + _MARGIN_S


def _has_ended(pod: Body, pods: list[Body]) -> bool:
    """Return whether a pod has ended or is gone, by the current list of pods."""
    found = next((one for one in pods if one["metadata"]["uid"] == pod["metadata"]["uid"]), None)
    return found is None or "terminated" in _state(found)


def _state(pod: Body) -> Body:
    """Return the state of the runner's container, {} if there is none yet."""
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    state: Body = next((one["state"] for one in statuses if one["name"] == RUNNER_CONTAINER), {})
    return {key: value for key, value in state.items() if value is not None}


def stamped(line: str) -> tuple[Moment | None, str]:
    """Return when a line was written, to the nanosecond, and the line without its timestamp.

    The stamp is a kubelet's, 2026-11-01T12:00:00.123456789Z; where a log is lost, it says so without one.
    """
    stamp, _, text = line.partition(" ")
    found = _STAMP.fullmatch(stamp)
    if found is None:
        return None, line
    return (datetime.fromisoformat(f"{found[1]}{found[3]}"), (found[2] or "").ljust(9, "0")), text
