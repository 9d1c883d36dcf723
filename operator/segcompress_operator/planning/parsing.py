"""Makes records of `observed` from the API server's objects, once, where they come in.

Everything here is data of others: absent keys are normal, and nothing raises for them.
"""

import json
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from segcompress_api.contract import RUNNER_CONTAINER
from segcompress_api.job import DEFAULT_PREEMPTION_LIMIT, SPEC_LIMIT
from segcompress_api.naming import PARAMETERS_ANNOTATION, TRIAL_LABEL
from segcompress_operator.planning.observed import ObservedJob, ObservedPod, Resource, TrialMark
from segcompress_operator.resources.names import (
    FAILED_BEFORE_ANNOTATION,
    QUEUE_LABEL,
    START_LABEL,
    Owner,
    kueue_labels,
)

Body = Mapping[str, Any]

EPOCH = datetime.fromtimestamp(0, UTC)
_JOB_CONTROLLER = "kubernetes.io/job-controller"
_TERMINAL = ("Succeeded", "Failed")
_TRACKED = "batch.kubernetes.io/job-tracking"
"""The finalizer of pods whose end the Job controller will count."""

_MESSAGE_LIMIT = 4096
"""What the kubelet keeps of a termination message."""

_BRACKET = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[{]|[\]}]', re.DOTALL)
"""A bracket, or a text, whose brackets are none."""

_PATH_PARTS = 4
_KEY_LIMIT = 64
"""Of the path to the part that makes a spec too large."""


def parse_resource(body: Body) -> Resource:
    """Return what we keep of a SegCompressionJob."""
    meta, spec, status = body["metadata"], body.get("spec") or {}, body.get("status") or {}
    generation = int(meta.get("generation", 0))
    finished = condition_of(status, "Finished") is not None
    settled = finished and status.get("observedGeneration") == generation
    ttl = spec.get("ttlSecondsAfterFinished")
    text = b"" if settled else to_json(spec)
    oversized = largest_part(spec) if len(text) > SPEC_LIMIT else ""
    mark = _trial_mark(body)
    return Resource(
        owner=Owner(
            namespace=sys.intern(meta.get("namespace", "")),
            name=meta["name"],
            uid=sys.intern(meta["uid"]),
            labels={} if settled else kueue_labels(meta.get("labels") or {}),
        ),
        generation=generation,
        resource_version=str(meta.get("resourceVersion", "")),
        created=parse_time(meta.get("creationTimestamp")) or EPOCH,
        deleting=bool(meta.get("deletionTimestamp")),
        finished=finished,
        settled=settled,
        ttl=ttl if isinstance(ttl, int) else None,
        suspend=spec.get("suspend") is True,
        preemption_limit=_whole(spec.get("preemptionLimit"), DEFAULT_PREEMPTION_LIMIT),
        spec=b"" if oversized else text,
        oversized=oversized,
        status=to_json(_end(status, is_trial=mark is not None) if settled else status),
        phase=sys.intern(str(status.get("phase", ""))),
        written=None if finished else _status_written(meta),
        trial=mark,
    )


def parse_job(body: Body) -> ObservedJob:
    """Return what we keep of a batch/v1 Job."""
    meta, spec, status = body["metadata"], body.get("spec") or {}, body.get("status") or {}
    labels = meta.get("labels") or {}
    failure, complete = condition_of(status, "Failed"), condition_of(status, "Complete")
    end = failure or complete or {}
    return ObservedJob(
        uid=sys.intern(meta["uid"]),
        namespace=sys.intern(meta.get("namespace", "")),
        name=meta["name"],
        owner_uid=sys.intern(controller_uid(body)),
        start=_whole(labels.get(START_LABEL), 1),
        resource_version=str(meta.get("resourceVersion", "")),
        created=parse_time(meta.get("creationTimestamp")) or EPOCH,
        deleting=bool(meta.get("deletionTimestamp")),
        suspended=bool(spec.get("suspend")),
        ending=any(condition_of(status, type_) for type_ in ("FailureTarget", "SuccessCriteriaMet")),
        complete=complete is not None,
        failure=None if failure is None else str(failure.get("reason", "")),
        failure_message="" if failure is None else _text(failure.get("message", "")),
        active_pods=_whole(status.get("active"), 0),
        failed_pods=_whole(status.get("failed"), 0),
        failed_before=_whole((meta.get("annotations") or {}).get(FAILED_BEFORE_ANNOTATION), 0),
        backoff_limit=_whole(spec.get("backoffLimit"), 6),
        deadline_seconds=_whole(spec.get("activeDeadlineSeconds"), 0),
        ttl=spec.get("ttlSecondsAfterFinished"),
        started=parse_time(status.get("startTime")),
        ended=parse_time(status.get("completionTime") or end.get("lastTransitionTime")),
        queue=str(labels.get(QUEUE_LABEL, "")),
        manager=str(spec.get("managedBy") or "").removeprefix(_JOB_CONTROLLER),
    )


def parse_pod(body: Body) -> ObservedPod:
    """Return what we keep of a Pod."""
    meta, status = body["metadata"], body.get("status") or {}
    state = _runner_state(status)
    waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
    scheduled = condition_of(status, "PodScheduled", "False") or {}
    running = state.get("running")
    exit_code = ended.get("exitCode")
    return ObservedPod(
        uid=sys.intern(meta["uid"]),
        name=meta["name"],
        namespace=sys.intern(meta.get("namespace", "")),
        owner_uid=sys.intern(controller_uid(body)),
        resource_version=str(meta.get("resourceVersion", "")),
        created=parse_time(meta.get("creationTimestamp")) or EPOCH,
        terminal=status.get("phase") in _TERMINAL,
        deleting=bool(meta.get("deletionTimestamp")),
        released=bool(meta.get("deletionTimestamp")) and _TRACKED not in (meta.get("finalizers") or ()),
        ends_by=parse_time(meta.get("deletionTimestamp")),
        node=str((body.get("spec") or {}).get("nodeName", "")),
        running=running is not None,
        disrupted=condition_of(status, "DisruptionTarget") is not None,
        exit_code=exit_code if isinstance(exit_code, int) else None,
        out_of_memory=ended.get("reason") == "OOMKilled",
        message=str(ended.get("message", ""))[-_MESSAGE_LIMIT:],
        verdict=": ".join(_text(status[key]) for key in ("reason", "message") if status.get(key)),
        waiting_reason=str(waiting.get("reason", "")),
        waiting_message=_text(waiting.get("message", "")),
        unscheduled=_text(scheduled.get("message") or scheduled.get("reason") or ""),
        started=parse_time((running or ended).get("startedAt")),
        finished=parse_time(ended.get("finishedAt")),
    )


def largest_part(spec: Body) -> str:
    """Return the part that holds most of the spec's bytes, and its size."""
    path, size = _heaviest(spec, len)
    return f"{path} ({size} bytes)"


def deepest_part(spec: Body) -> str:
    """Return the part that is nested deepest."""
    path, _ = _heaviest(spec, depth)
    return path


def _heaviest(spec: Body, weigh: Callable[[bytes], int]) -> tuple[str, int]:
    """Return the path of the part whose JSON has most of the spec's weight, and what it weighs.

    Each level is measured anew, so that only a few are gone down to: a spec may be nested hundreds deep.
    """
    path, part, weight = "spec", spec, weigh(to_json(spec))
    for _ in range(_PATH_PARTS):
        weights = (
            {name: weigh(to_json(inner)) for name, inner in part.items()} if isinstance(part, dict) else {}
        )
        name = max(weights, key=weights.__getitem__, default="")
        if not weights or weights[name] <= weight / 2:
            break
        path, part, weight = f"{path}.{name[:_KEY_LIMIT]}", part[name], weights[name]
    return path, weight


def depth(text: bytes) -> int:
    """Return how many lists and objects of JSON lie within one another."""
    deepest = level = 0
    for token in _BRACKET.finditer(text):
        level += 1 if token[0] in (b"[", b"{") else -1 if token[0] in (b"]", b"}") else 0
        deepest = max(deepest, level)
    return deepest


def parse_time(text: object) -> datetime | None:
    """Return the moment in an RFC 3339 string, None where there is none."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def controller_uid(body: Body) -> str:
    """Return the uid of the object's controller, "" where it has none."""
    references = body["metadata"].get("ownerReferences") or ()
    return next((str(r.get("uid", "")) for r in references if r.get("controller")), "")


def _trial_mark(body: Body) -> TrialMark | None:
    """Return what says that a resource is a trial; whose, its sweep decides by its name."""
    meta = body["metadata"]
    index, sweep = (meta.get("labels") or {}).get(TRIAL_LABEL), controller_uid(body)
    if not sweep or not str(index).isdecimal():
        return None
    parameters = (meta.get("annotations") or {}).get(PARAMETERS_ANNOTATION, "{}")
    return TrialMark(sys.intern(sweep), int(str(index)), str(parameters))


def _end(status: Body, *, is_trial: bool) -> Body:
    """Return what of a settled status anybody may still ask for: a trial's sweep, for its evaluations too."""
    names = ("phase", "metrics", "evaluations") if is_trial else ("phase", "metrics")
    kept = {key: status[key] for key in names if key in status}
    return {**kept, "conditions": [c for c in status["conditions"] if c.get("type") == "Finished"]}


def condition_of(status: Body, type_: str, wanted: str = "True") -> Body | None:
    """Return the condition of that type where it has the wanted status."""
    found = (
        c for c in status.get("conditions") or () if c.get("type") == type_ and c.get("status") == wanted
    )
    return next(found, None)


def _runner_state(status: Body) -> Body:
    for container in status.get("containerStatuses") or ():
        if container.get("name") == RUNNER_CONTAINER:
            state: Body = container.get("state") or {}
            return state
    return {}


def _status_written(meta: Body) -> datetime | None:
    """Return when anybody last wrote a status, by the API server's record of fields."""
    fields = meta.get("managedFields") or ()
    times = (parse_time(each.get("time")) for each in fields if each.get("subresource") == "status")
    return max((moment for moment in times if moment), default=None)


def _text(value: object) -> str:
    """Return a message of others, cut: theirs have no limit that we know of."""
    return str(value)[:_MESSAGE_LIMIT]


def _whole(value: object, default: int) -> int:
    try:
        return int(str(value))
    except ValueError:
        return default


def to_json(value: object) -> bytes:
    """Return compact JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
