"""What must hold in every run, whatever went wrong: each invariant returns what breaks it in a history.

Pure functions; nothing here knows which fault was committed.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from faults.history import JOBS, PODS, RESOURCES, Body, History, Version

Invariant = Callable[[History], Iterator[str]]

IN_FLIGHT_SECONDS = 2.0
"""A request that comes so shortly after an event may have been sent before that was read."""


def one_live_job(history: History) -> Iterator[str]:
    """Check that a resource never has two Jobs that may compute: one has ended or is gone before the next."""
    for version in _beside_another(history.of(JOBS), _owner, _is_finished):
        yield f"Job {version.body['metadata']['name']} was made beside another that had not ended"


def one_live_pod(history: History) -> Iterator[str]:
    """Check the same of its pods, whose Jobs may be gone."""
    owners = {version.uid: _owner(version.body) for version in history.of(JOBS)}
    of_run = _beside_another(history.of(PODS), lambda pod: owners.get(_owner(pod), ""), _has_ended)
    for version in of_run:
        yield f"pod {version.body['metadata']['name']} was made beside another that had not ended"


def no_job_for_the_deleted(history: History) -> Iterator[str]:
    """Check that no Job is asked for once the operator was told that its resource is deleted."""
    told = {
        each.version.uid: each.at
        for each in reversed(history.told)
        if each.version.plural == RESOURCES and each.version.is_deleted
    }
    for request in history.requests:
        if request.verb == "create" and request.target == JOBS and request.sent is not None:
            since = request.at - told.get(_owner(request.sent), float("inf"))
            if since > IN_FLIGHT_SECONDS:
                name = request.sent["metadata"]["name"]
                yield f"Job {name} was asked for {since:.1f} s after the resource's deletion was told"


def phases_forward(history: History) -> Iterator[str]:
    """Check that an end is the end: no resource leaves Succeeded or Failed."""
    for name, versions in _resources(history):
        phases = [phase for phase, _ in groupby(_phase(version) for version in versions)]
        ends = [index for index, phase in enumerate(phases) if phase in ("Succeeded", "Failed")]
        if ends and ends[0] != len(phases) - 1:
            yield f"{name} left its end: {' > '.join(phases)}"


def observed_generation_rises(history: History) -> Iterator[str]:
    """Check that `status.observedGeneration` never falls, and never runs ahead."""
    for name, versions in _resources(history):
        seen = -1
        for version in versions:
            observed = (version.body.get("status") or {}).get("observedGeneration", -1)
            if observed < seen or observed > version.body["metadata"]["generation"]:
                yield f"{name}: observedGeneration went from {seen} to {observed}"
            seen = observed


def every_write_changes_something(history: History) -> Iterator[str]:
    """Check that no write leaves all as it was, unless the answer to one like it was lost before.

    Of two operators at once, each may write the same.
    """
    written: set[tuple[str, str]] = set()
    lost: set[str] = set()
    for request in history.requests:
        if request.lost:
            lost.add(request.target)
        if request.verb != "patch" or request.answered is None or request.target in lost or history.rivals:
            continue
        meta = request.answered["metadata"]
        version = (str(meta["uid"]), str(meta["resourceVersion"]))
        if version in written or version[1] == _version_before(request.sent):
            yield f"patch of {request.target} {meta['name']} changed nothing"
        written.add(version)


def attempts_rise(history: History) -> Iterator[str]:
    """Check that no count of attempts falls; another start begins at 0."""
    for name, versions in _resources(history):
        before, job = {"failed": 0, "preempted": 0}, None
        for version in versions:
            status = version.body.get("status") or {}
            if status.get("jobName") != job:
                before, job = dict.fromkeys(before, 0), status.get("jobName")
            counted = status.get("attempts") or before
            if any(counted.get(key, 0) < before[key] for key in before):
                yield f"{name}: attempts fell from {before} to {counted}"
            before = {key: counted.get(key, 0) for key in before}


def no_bug_logged(history: History) -> Iterator[str]:
    """Check that nothing ended in a traceback."""
    if "Traceback" in history.log:
        yield "a traceback in the operator's log: " + history.log.partition("Traceback")[2].strip()[-300:]


def operator_runs(history: History) -> Iterator[str]:
    """Check that no process of the operator ended by itself."""
    if history.operator_ended:
        yield (
            "the operator ended by itself; its last words: " + (history.log.strip().splitlines() or [""])[-1]
        )


def proxy_works(history: History) -> Iterator[str]:
    """Check that the proxy itself failed nowhere."""
    yield from (f"the proxy failed: {error}" for error in history.proxy_errors)


INVARIANTS: tuple[Invariant, ...] = (
    one_live_job,
    one_live_pod,
    no_job_for_the_deleted,
    phases_forward,
    observed_generation_rises,
    every_write_changes_something,
    attempts_rise,
    no_bug_logged,
    operator_runs,
    proxy_works,
)


def phases_within(history: History, allowed: Sequence[str]) -> Iterator[str]:
    """Check that the phases of each resource are some of those `allowed`, in their order."""
    for name, versions in _resources(history):
        phases = [phase for phase, _ in groupby(filter(None, map(_phase, versions)))]
        rest = iter(allowed)
        if not all(phase in rest for phase in phases):
            yield f"{name} went {' > '.join(phases)}, and only {' > '.join(allowed)} is forward"


def quiet(history: History, since: float) -> Iterator[str]:
    """Check that nothing was asked for after `since` but what a watch needs."""
    for request in history.requests:
        if request.at > since and request.verb not in ("list", "watch"):
            yield f"{request.verb} {request.target} after the end"


def broken(history: History) -> list[str]:
    """Return every break of every invariant."""
    return [found for invariant in INVARIANTS for found in invariant(history)]


def _beside_another(
    versions: Iterable[Version], owner_of: Callable[[Body], str], has_ended: Callable[[Body], bool]
) -> Iterator[Version]:
    """Yield the versions of objects that live while another of the same owner does."""
    live: dict[str, str] = {}
    for version in _in_order(versions):
        owner = owner_of(version.body)
        if version.type == "DELETED" or has_ended(version.body):
            if live.get(owner) == version.uid:
                del live[owner]
        elif owner and live.setdefault(owner, version.uid) != version.uid:
            yield version


def _in_order(versions: Iterable[Version]) -> list[Version]:
    return sorted(versions, key=lambda version: version.number)


def _resources(history: History) -> Iterator[tuple[str, list[Version]]]:
    by_uid: dict[str, list[Version]] = {}
    for version in history.of(RESOURCES):
        by_uid.setdefault(version.uid, []).append(version)
    for versions in by_uid.values():
        yield str(versions[0].body["metadata"]["name"]), versions


def _phase(version: Version) -> str:
    return str((version.body.get("status") or {}).get("phase", ""))


def _owner(body: Body) -> str:
    references = body["metadata"].get("ownerReferences") or ()
    return next((str(each["uid"]) for each in references if each.get("controller")), "")


def _is_finished(body: Body) -> bool:
    conditions = (body.get("status") or {}).get("conditions") or ()
    return any(each["type"] in ("Complete", "Failed") and each["status"] == "True" for each in conditions)


def _has_ended(pod: Body) -> bool:
    """Return whether a pod computes no more; one that is deleted before it got a node never does."""
    status = pod.get("status") or {}
    never = "deletionTimestamp" in pod["metadata"] and not pod["spec"].get("nodeName")
    return status.get("phase") in ("Succeeded", "Failed") or (never and status.get("phase") == "Pending")


def _version_before(sent: Body | None) -> str:
    """Return the version that a patch asks its object to have, "" for any."""
    return str(((sent or {}).get("metadata") or {}).get("resourceVersion", ""))
