"""What must hold of a sweep, whatever was killed meanwhile: pure functions of every write that etcd knows."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from segcompress_api.naming import trial_name
from segcompress_operator.resources.names import runner_job_name
from sweep_kills.etcd import Change

Body = dict[str, Any]


@dataclass(frozen=True)
class Writes:
    """Every write of a sweep, of its trials and of their Jobs, each in the order of revisions."""

    sweep: Sequence[Change]
    trials: Sequence[Change]
    jobs: Sequence[Change]

    @property
    def last(self) -> Body:
        """Return the sweep as it is at the end."""
        return _body(self.sweep[-1])

    @property
    def last_trials(self) -> dict[str, Body]:
        """Return the trials as they are at the end, by name."""
        return {change.name: _body(change) for change in self.trials}


@dataclass(frozen=True)
class Outcome:
    """The part of a trial that must not depend on kills."""

    parameters: str
    phase: str
    reason: str
    metrics: Body


def outcomes(writes: Writes) -> dict[int, Outcome]:
    """Return how each trial ended, by index."""
    return {_index(body): _outcome(body) for body in writes.last_trials.values()}


def most_at_once(writes: Writes) -> int:
    """Return the largest number of trials that were in flight at the same time."""
    return max((len(running) for _, running in _in_flight(writes)), default=0)


def broken(writes: Writes) -> list[str]:
    """Return everything that does not hold of a sweep whose spec did not change."""
    checks = (_made_once, _none_missing, _limit_kept, stopped_for_good, _counted_in_the_end)
    found = [problem for check in checks for problem in check(writes)]
    return [*found, *broken_whatever_was_edited(writes)]


def broken_whatever_was_edited(writes: Writes) -> list[str]:
    """Return what does not hold of any sweep."""
    checks = (_no_point_twice, _counted_right)
    return [problem for check in checks for problem in check(writes)]


def _made_once(writes: Writes) -> Iterator[str]:
    """Check that nothing was created twice, or deleted, except the Jobs of trials to be stopped early."""
    stopped = {_job_of(_body(change)) for change in writes.trials if _is_stopped(_body(change))}
    for what, changes in (("trial", writes.trials), ("Job", writes.jobs)):
        made = Counter(change.name for change in changes if change.version == 1)
        yield from (f"{what} {name} was created {count} times" for name, count in made.items() if count > 1)
        deleted = [change.name for change in changes if change.version == 0 and change.name not in stopped]
        yield from (f"{what} {name} was deleted" for name in deleted)


def stopped_for_good(writes: Writes) -> Iterator[str]:
    """Check that a trial to be stopped early never goes on, and ends once its Job is gone."""
    gone = {change.name: change.revision for change in writes.jobs if change.version == 0}
    stopped = set[str]()
    for change in writes.trials:
        body = _body(change)
        if _is_stopped(body):
            stopped.add(change.name)
            if _is_finished(body) and gone.get(_job_of(body), change.revision) >= change.revision:
                yield f"trial {change.name} ended at revision {change.revision}, before its Job was gone"
        elif change.name in stopped and not _is_finished(body):
            yield f"trial {change.name} was to be stopped, and goes on at revision {change.revision}"


def _none_missing(writes: Writes) -> Iterator[str]:
    """Check that there is exactly one trial for each index, and one Job for each trial."""
    meta, count = writes.last["metadata"], writes.last["spec"]["maxTrials"]
    wanted = {trial_name(meta["name"], meta["uid"], index) for index in range(count)}
    yield from _differs("trial", wanted, set(writes.last_trials))
    trials = writes.last_trials.values()
    jobs = {_job_of(each) for each in trials}
    yield from _differs("Job", jobs, {change.name for change in writes.jobs})


def _differs(what: str, wanted: set[str], found: set[str]) -> Iterator[str]:
    yield from (f"{what} {name} is missing" for name in sorted(wanted - found))
    yield from (f"{what} {name} is one too many" for name in sorted(found - wanted))


def _no_point_twice(writes: Writes) -> Iterator[str]:
    points = Counter(_outcome(body).parameters for body in writes.last_trials.values())
    yield from (f"{point} was tried {count} times" for point, count in points.items() if count > 1)


def _limit_kept(writes: Writes) -> Iterator[str]:
    limit = writes.last["spec"]["parallelTrials"]
    for change, running in _in_flight(writes):
        if len(running) > limit:
            yield f"{len(running)} trials in flight at revision {change.revision}, {limit} allowed"


def _counted_right(writes: Writes) -> Iterator[str]:
    """Check that no status counts a trial before it was created or ended, or counts fewer than before."""
    made, ended, counted = set[str](), set[str](), (0, 0)
    for change in sorted((*writes.sweep, *writes.trials), key=lambda change: change.revision):
        body = _body(change)
        if body["kind"] != "SegCompressionSweep":
            made.add(change.name)
            ended.update([change.name] if _is_finished(body) else [])
            continue
        total, over = _counts(body)
        if total > len(made) or over > len(ended) or total < counted[0] or over < counted[1]:
            yield (
                f"at revision {change.revision} the status counts {total} trials, {over} of them ended; "
                f"there are {len(made)} and {len(ended)}, and it counted {counted[0]} and {counted[1]} before"
            )
        counted = (total, over)


def _counted_in_the_end(writes: Writes) -> Iterator[str]:
    total, over = _counts(writes.last)
    if not total == over == len(writes.last_trials):
        yield f"in the end {total} trials are counted, {over} ended, of {len(writes.last_trials)}"
    counted = writes.last.get("status", {}).get("trials", {}).get("stopped", 0)
    stopped = sum(map(_is_stopped, writes.last_trials.values()))
    if counted != stopped:
        yield f"in the end {counted} trials are counted as stopped early, of {stopped}"


def _in_flight(writes: Writes) -> Iterator[tuple[Change, set[str]]]:
    """Yield the trials that have not ended after each write of one."""
    running: set[str] = set()
    for change in writes.trials:
        if _is_finished(_body(change)):
            running.discard(change.name)
        else:
            running.add(change.name)
        yield change, running


def _counts(sweep: Body) -> tuple[int, int]:
    """Return how many trials the status counts, and how many of them as ended."""
    counts = sweep.get("status", {}).get("trials", {})
    ended = sum(counts.get(state, 0) for state in ("succeeded", "failed", "stopped"))
    return counts.get("total", 0), ended


def _outcome(trial: Body) -> Outcome:
    status = trial.get("status", {})
    parameters = trial["metadata"]["annotations"]["segcompress.dev/parameters"]
    return Outcome(parameters, status.get("phase", ""), _reason(trial), status.get("metrics", {}))


def _reason(trial: Body) -> str:
    """Return why a trial has finished, or is about to."""
    conditions = trial.get("status", {}).get("conditions", ())
    return next((str(each["reason"]) for each in conditions if each["type"] == "Finished"), "")


def _is_stopped(trial: Body) -> bool:
    """Return whether a trial was stopped early, or is being stopped."""
    return _reason(trial) == "StoppedEarly"


def _job_of(trial: Body) -> str:
    """Return the name of a trial's only Job."""
    return runner_job_name(trial["metadata"]["name"], trial["metadata"]["uid"], 1)


def _index(trial: Body) -> int:
    return int(trial["metadata"]["labels"]["segcompress.dev/trial"])


def _is_finished(body: Body) -> bool:
    conditions = body.get("status", {}).get("conditions", ())
    return any(each["type"] == "Finished" and each["status"] == "True" for each in conditions)


def _body(change: Change) -> Body:
    found: Body = json.loads(change.value)
    return found
