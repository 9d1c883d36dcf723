"""Every state of a job, as the operator writes it: made by the plan itself, one step after the other."""

from collections.abc import Mapping
from typing import Any

from segcompress_api.base import API_GROUP, API_VERSION
from segcompress_api.job import KIND
from segcompress_operator.planning.job import plan_job
from segcompress_operator.planning.observed import ObservedJob, ObservedPod
from segcompress_operator.planning.parsing import parse_pod, parse_resource
from segcompress_operator.planning.plan import Observed
from segcompress_operator.resources.names import Owner
from unit.operator.samples import (
    ARTIFACTS,
    DISRUPTED,
    METRICS,
    NOW,
    OWNER,
    SETTINGS,
    SPEC,
    at,
    complete_job,
    ended_pod,
    failed_job,
    make_job,
    pending_pod,
    pod_body,
    resource_body,
    result,
    running_pod,
)

State = dict[str, Any]
HELD: dict[str, Any] = {"spec": {"suspend": True}, "labels": {"kueue.x-k8s.io/queue-name": "gpus"}}
NEW: State = {"observedGeneration": -1}
EARLY = "Stopped by MedianStop at step 400: mIoU 0.4100, median of 6 trials 0.5500"


def status_after(observed: Observed, before: State, generation: int = 1, **spec: object) -> State:
    """Return the status that the operator writes next."""
    body = resource_body(spec={**SPEC, **spec}, status=before, generation=generation)
    made = plan_job(parse_resource(body), observed, SETTINGS, NOW)
    assert made.status is not None, "nothing to write"
    return {**before, **made.status.to_wire()}


def seen(job: ObservedJob, *pods: ObservedPod) -> Observed:
    return Observed(jobs=(job,), pods=pods, asked=True)


def lost_pod() -> ObservedPod:
    body = pod_body("demo-pod", {"running": {"startedAt": at(-99)}}, "Running")
    body["metadata"]["deletionTimestamp"] = at(-20)
    body["spec"] = {"nodeName": "gpu-7"}
    return parse_pod(body)


def leaving() -> ObservedJob:
    return make_job(deletionTimestamp=at(-1))


def under_way() -> dict[str, State]:
    """Return the states of a run that goes on."""
    crashed, preempted = ended_pod(1, "MemoryError", name="first"), ended_pod(137, conditions=DISRUPTED)
    secret = pending_pod("CreateContainerConfigError", 'secret "object-store" not found')
    running = status_after(seen(make_job(), running_pod()), NEW)
    return {
        "new": NEW,
        "pending": status_after(seen(make_job()), NEW),
        "queued": status_after(seen(make_job(**HELD)), NEW),
        "secret-not-found": status_after(seen(make_job(), secret), NEW),
        "running": running,
        "retrying": status_after(seen(make_job(), crashed), running),
        "preempted": status_after(seen(make_job(), preempted), running),
        "node-lost": status_after(seen(make_job(), lost_pod()), running),
        "stopping-early": status_after(Observed((make_job(),), (running_pod(),), stop=EARLY), running),
    }


def suspended(running: State) -> dict[str, State]:
    """Return the states around a suspension; all but the last have `spec.suspend: true`."""
    suspending = status_after(seen(make_job(), running_pod()), running, 2, suspend=True)
    gone = status_after(Observed(left=()), suspending, 2, suspend=True)
    return {
        "suspend-unseen": running,
        "suspending": suspending,
        "suspended": gone,
        "resume-unseen": gone,
        "resumed": status_after(seen(make_job(2)), gone, 3),
    }


def ended(running: State) -> dict[str, State]:
    """Return the ends of a run."""
    published = {"metrics": METRICS, "artifacts": ARTIFACTS}
    words = "mIoU 0.9235, 0.0052 less than the baseline"
    ends = {
        "succeeded": (complete_job(), ended_pod(0, result("Succeeded", words, **published))),
        "reused": (complete_job(), ended_pod(0, result("Reused", words, **published))),
        "gate-missed": (
            failed_job("PodFailurePolicy"),
            ended_pod(4, result("AcceptanceNotMet", "mIoU dropped by 0.0352; at most 0.02", **published)),
        ),
        "input-not-found": (
            failed_job("PodFailurePolicy"),
            ended_pod(3, result("InputNotFound", "s3://datasets/people/train.txt does not exist")),
        ),
        "backoff-limit": (failed_job("BackoffLimitExceeded", failed=3), ended_pod(1, "MemoryError")),
    }
    return {name: status_after(seen(*pair), running) for name, pair in ends.items()}


def states() -> dict[str, State]:
    """Return each state's resource, by its name."""
    first = under_way()
    generations = {"suspend-unseen": 2, "suspending": 2, "suspended": 2, "resume-unseen": 3, "resumed": 3}
    halted = suspended(first["running"])
    early = status_after(Observed(left=()), first["stopping-early"])
    statuses = {**first, **halted, **ended(first["running"]), "stopped-early": early}
    stopped = ("suspend-unseen", "suspending", "suspended")
    return {
        name: resource(KIND, OWNER, {**SPEC, "suspend": name in stopped}, status, generations.get(name, 1))
        for name, status in statuses.items()
    }


def resource(
    kind: str, owner: Owner, spec: Mapping[str, Any], status: Mapping[str, Any], generation: int
) -> State:
    return {
        "apiVersion": f"{API_GROUP}/{API_VERSION}",
        "kind": kind,
        "metadata": {"name": owner.name, "namespace": owner.namespace, "generation": generation},
        "spec": dict(spec),
        "status": dict(status),
    }
