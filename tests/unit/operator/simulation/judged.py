"""What must hold of every story, whatever went wrong in it."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from segcompress_operator.kinds import COMPRESSION_JOBS, JOBS, PODS, SWEEPS
from sweep_kills import checks
from sweep_kills.etcd import Change
from unit.operator.simulation.pods import course_of
from unit.operator.simulation.server import Body
from unit.operator.simulation.story import Ended, Story

SPARE_SECONDS = 240.0
"""How much later than undisturbed a sweep may end, counted from the end of the disturbances."""

COUNTED_SECONDS = 1.0
"""How long after its pod a Job may end: the Job controller counts pods that the operator has seen end."""

BELIEVED_SECONDS = 130.0
"""For so long the operator may still act by an old spec: events are late, and requests on their way."""


def broken(story: Story, disturbed: Ended, undisturbed: Ended) -> list[str]:
    """Return everything that does not hold."""
    own = (_bugs, _left_running, _told_right, _ended_right, _made_once, _ran_once)
    found = [problem for check in own for problem in check(disturbed)]
    found += checks.broken_whatever_was_edited(disturbed.writes)
    found += _over_the_limit(disturbed)
    if not any("late" in faults.kinds for faults in story.faults):
        found += _one_after_the_other(disturbed)
    return [
        *found,
        *_not_in_time(story, disturbed, undisturbed),
        *_other_trials(story, disturbed, undisturbed),
    ]


def _bugs(ended: Ended) -> Iterator[str]:
    yield from (f"a bug stopped a reconciliation: {bug!r}" for bug in ended.bugs)


def _left_running(ended: Ended) -> Iterator[str]:
    """Check that no Job and no pod runs on after everything came to rest."""
    for job in ended.server.objects[JOBS].values():
        if "conditions" not in job["status"]:
            yield f"Job {job['metadata']['name']} was left running"
    for pod in ended.server.objects[PODS].values():
        if pod["status"]["phase"] == "Running":
            yield f"pod {pod['metadata']['name']} was left running"


def _told_right(ended: Ended) -> Iterator[str]:
    """Check that the status in the end is what the trials say."""
    status, trials = ended.sweep["status"], ended.trials.values()
    phases = Counter("Stopped" if why(each) == "StoppedEarly" else phase(each) for each in trials)
    told = status.get("trials", {})
    rejected = sum(why(each) == "AcceptanceNotMet" for each in trials)
    wanted = (len(trials), phases["Succeeded"], phases["Failed"], phases["Stopped"], rejected)
    found = tuple(told.get(key, 0) for key in ("total", "succeeded", "failed", "stopped", "rejected"))
    if found != wanted:
        yield f"status.trials says {found}, the trials say {wanted}"
    if status.get("observedGeneration") != ended.sweep["metadata"]["generation"]:
        yield "status.observedGeneration is not the sweep's generation"
    best = max((miou(each) for each in trials if phase(each) == "Succeeded"), default="")
    told_best = (status.get("bestTrial") or {}).get("metrics", {}).get("compressed.miou", "")
    if told_best < best:
        yield f"status.bestTrial has mIoU {told_best}, the best one is {best}"


def _ended_right(ended: Ended) -> Iterator[str]:
    """Check that each trial that ended did so as its pod did, unless it was stopped early."""
    for body in ended.trials.values():
        course = course_of(body["metadata"]["annotations"]["segcompress.dev/parameters"])
        wanted = {"Crashed": "BackoffLimitExceeded"}.get(course.ends, course.ends)
        if phase(body) in ("Succeeded", "Failed") and why(body) not in (wanted, "StoppedEarly"):
            yield f"trial {body['metadata']['name']} ended {why(body)}, its pod {wanted}"


def _made_once(ended: Ended) -> Iterator[str]:
    """Check that no trial was created twice or deleted."""
    for change in ended.changes[COMPRESSION_JOBS]:
        if change.version == 0:
            yield f"trial {change.name} was deleted"
    made = Counter(change.name for change in ended.changes[COMPRESSION_JOBS] if change.version == 1)
    yield from (f"trial {name} was created {count} times" for name, count in made.items() if count > 1)


def _ran_once(ended: Ended) -> Iterator[str]:
    """Check that no second Job of a trial ran to its end, and none after the trial's own end."""
    over = ended_times(ended)
    ends: dict[str, tuple[str, float]] = {}
    for change in ended.changes[JOBS]:
        job = read(change)
        if "conditions" in job["status"]:
            owner = job["metadata"]["ownerReferences"][0]["uid"]
            ends.setdefault(job["metadata"]["uid"], (owner, ended.times[change.revision]))
    for index, body in ended.trials.items():
        times = [time for owner, time in ends.values() if owner == body["metadata"]["uid"]]
        if len(times) > 1 or any(time > over.get(index, time) + COUNTED_SECONDS for time in times):
            yield f"Jobs of trial {index} ran to their ends at {times}, it ended at {over.get(index)}"


def _one_after_the_other(ended: Ended) -> Iterator[str]:
    """Check that no trial had two Jobs at the same time: only a late request may create another one."""
    live: dict[str, str] = {}
    for change in ended.changes[JOBS]:
        body = read(change)
        trial = body["metadata"]["ownerReferences"][0]["uid"]
        if change.version == 0 or "conditions" in body["status"]:
            live.pop(change.name, None)
            continue
        if change.name not in live and trial in live.values():
            yield f"Job {change.name} began beside another one of its trial"
        live[change.name] = trial
    yield from checks.stopped_for_good(ended.writes)


def _over_the_limit(ended: Ended) -> Iterator[str]:
    """Check at each creation that no more trials are in flight than any limit that may still be believed."""
    limits: list[tuple[float, int]] = []
    running = set[str]()
    for change in sorted(
        (*ended.changes[SWEEPS], *ended.changes[COMPRESSION_JOBS]), key=lambda each: each.revision
    ):
        body, now = read(change), ended.times[change.revision]
        if body["kind"] == "SegCompressionSweep":
            limit = body["spec"]["parallelTrials"]
            if not limits or limits[-1][1] != limit:
                limits.append((now, limit))
            continue
        running = (
            running - {change.name} if phase(body) in ("Succeeded", "Failed") else running | {change.name}
        )
        until = [*(begin for begin, _ in limits[1:]), float("inf")]
        most = max(
            limit for (_, limit), end in zip(limits, until, strict=True) if end + BELIEVED_SECONDS > now
        )
        if change.version == 1 and len(running) > most:
            yield f"{len(running)} trials in flight at {now:.1f} s, {most} allowed"


def _not_in_time(story: Story, disturbed: Ended, undisturbed: Ended) -> Iterator[str]:
    """Check that the sweep ended, and not much later than it would have if the disturbances began it anew."""
    end, calm = ended_at(disturbed), ended_at(undisturbed)
    if calm is None:
        yield "the undisturbed sweep stalls"
    elif end is None:
        yield f"the sweep stalls: {conditions(disturbed.sweep)}"
    elif end > story.disturbed_until + calm + SPARE_SECONDS:
        yield f"the sweep ended after {end:.0f} s, undisturbed after {calm:.0f} s"


def _other_trials(story: Story, disturbed: Ended, undisturbed: Ended) -> Iterator[str]:
    """Check that there are the same trials, unless points depend on what ended when."""
    reasons = why(disturbed.sweep), why(undisturbed.sweep)
    repeatable = story.spec["algorithm"]["name"] in ("Grid", "Random") and "earlyStopping" not in story.spec
    if repeatable and reasons[0] != reasons[1]:
        yield f"the sweep ended {reasons[0]}, undisturbed {reasons[1]}"
    if "MaxFailedTrialsExceeded" in reasons:
        return
    if {*disturbed.trials} != {*undisturbed.trials}:
        yield f"there are other trials: {sorted({*disturbed.trials} ^ {*undisturbed.trials})}"
    if story.spec["algorithm"]["name"] in ("Grid", "Random") and points(disturbed) != points(undisturbed):
        yield "there are other points"


def points(ended: Ended) -> Mapping[int, str]:
    """Return the parameters of each trial."""
    return {
        index: body["metadata"]["annotations"]["segcompress.dev/parameters"]
        for index, body in ended.trials.items()
    }


def ended_at(ended: Ended) -> float | None:
    """Return when the sweep ended, None if it did not."""
    done = (
        change
        for change in ended.changes[SWEEPS]
        if conditions(read(change)).get("Finished", ("",))[0] == "True"
    )
    return next((ended.times[change.revision] for change in done), None)


def ended_times(ended: Ended) -> dict[int, float]:
    """Return when each trial ended, by its index."""
    times: dict[int, float] = {}
    for change in ended.changes[COMPRESSION_JOBS]:
        body = read(change)
        if phase(body) in ("Succeeded", "Failed"):
            times.setdefault(
                int(body["metadata"]["labels"]["segcompress.dev/trial"]), ended.times[change.revision]
            )
    return times


def conditions(body: Body) -> dict[str, tuple[str, str, str]]:
    """Return status, reason and message of each condition."""
    found = body["status"].get("conditions", ())
    return {each["type"]: (each["status"], each["reason"], each.get("message", "")) for each in found}


def why(body: Body) -> str:
    """Return the reason of the condition Finished."""
    return conditions(body).get("Finished", ("", ""))[1]


def phase(body: Body) -> str:
    return str(body["status"].get("phase", ""))


def miou(body: Body) -> str:
    return str(body["status"]["metrics"]["compressed"]["miou"])


def read(change: Change) -> Any:
    return json.loads(change.value)
