"""A job's log, line by line: of one pod after another, whatever becomes of the connection."""

import math
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
"""A second, and the digits behind it."""

_PAUSE_S = 2.0
_MARGIN_S = 10
"""Seconds of a log that are asked for once more after a cut; what was told already is left out."""


class Source(Protocol):
    """A job, its pods and their logs."""

    def job(self) -> SegCompressionJob:
        """Return the job."""

    def pods(self, job: SegCompressionJob) -> list[Body]:
        """Return the pods of the job's last start."""

    def log(self, pod: str, *, follow: bool, since_seconds: int | None) -> Iterator[str]:
        """Yield lines, each behind its time stamp; raises UnreachableError where the connection is cut."""


def log_lines(source: Source, *, follow: bool, clock: Clock = SYSTEM_CLOCK) -> Iterator[str]:
    """Yield the lines of the newest pod that has run.

    With `follow` it waits for a pod, goes on with each pod that comes after it, and ends with the job. Raises
    NotReadyError where there is no log, NotFoundError where the job is not there.
    """
    told: list[Body] = []
    while True:
        job = source.job()
        pod = _newest(source.pods(job), told)
        if pod is not None:
            yield from _of_pod(source, pod, follow=follow, clock=clock)
            told.append(pod)
        if pod is None and (not follow or is_finished(job.status.conditions)):
            break
        if not follow:
            return
        clock.sleep(_PAUSE_S)
    if not told:
        raise NotReadyError(f"{job.metadata.name} has no pod with a log: it is {standing(job)}")


def _newest(pods: list[Body], told: list[Body]) -> Body | None:
    """Return the newest pod whose container has started, None where it is no newer than the last one told."""
    started = [pod for pod in pods if _state(pod).keys() & {"running", "terminated"}]
    newest = max(started, key=lambda pod: pod["metadata"]["creationTimestamp"], default=None)
    known = {pod["metadata"]["uid"] for pod in told}
    return None if newest is None or newest["metadata"]["uid"] in known else newest


def _of_pod(source: Source, pod: Body, *, follow: bool, clock: Clock) -> Iterator[str]:
    name, heard = pod["metadata"]["name"], clock.now()
    last: Moment | None = None
    since: int | None = None
    while True:
        try:
            known = last
            for line in source.log(name, follow=follow, since_seconds=since):
                stamp, _, text = line.partition(" ")
                moment = moment_of(stamp)
                if known is None or moment > known:
                    last, heard = moment, clock.now()
                    yield text
        except UnreachableError:
            if not follow or clock.now() - heard > PATIENCE_S:
                raise
        except NotFoundError:  # deleted meanwhile
            return
        if not follow or _has_ended(source, pod):
            return
        clock.sleep(_PAUSE_S)
        since = None if last is None else math.ceil(clock.now() - heard) + _MARGIN_S


def _has_ended(source: Source, pod: Body) -> bool:
    """Return whether a pod writes no more; an API server that is away says nothing about it."""
    try:
        now = source.pods(source.job())
    except UnreachableError:
        return False
    found = next((one for one in now if one["metadata"]["uid"] == pod["metadata"]["uid"]), None)
    return found is None or "terminated" in _state(found)


def _state(pod: Body) -> Body:
    """Return the state of the runner's container; the keys of it that are set."""
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    state: Body = next((one["state"] for one in statuses if one["name"] == RUNNER_CONTAINER), {})
    return {key: value for key, value in state.items() if value is not None}


def moment_of(stamp: str) -> Moment:
    """Return a kubelet's time stamp, 2026-11-01T12:00:00.123456789Z, to be compared by its nanoseconds."""
    whole, _, rest = stamp.partition(".")
    digits = rest.rstrip("Z").partition("+")[0]
    zone = rest[len(digits) :] if rest else ""
    return datetime.fromisoformat(f"{whole}{zone}"), digits.ljust(9, "0")
