"""Objects as the API server sends them, for the tests of pure decisions."""

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from segcompress_operator.planning.observed import ObservedJob, ObservedPod, Resource
from segcompress_operator.planning.parsing import parse_job, parse_pod, parse_resource
from segcompress_operator.resources.names import Owner, labels, runner_job_name
from segcompress_operator.settings import RunnerSettings

NOW = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)
SETTINGS = RunnerSettings(image="registry.example.com/runner:1")
OWNER = Owner(namespace="vision", name="demo", uid="5f1c-uid")
JOB = runner_job_name("demo", OWNER.uid, 1)

SPEC: dict[str, Any] = {
    "model": {"inference": {"uri": "s3://models/net/"}},
    "dataset": {
        "uri": "s3://datasets/people/",
        "numClasses": 2,
        "trainTransforms": [{"type": "Resize", "target_size": [192, 192]}],
        "valTransforms": [{"type": "Normalize"}],
    },
    "strategy": {"UnstructurePrune": {"ratio": 0.75}, "TrainConfig": {"epochs": 1, "learning_rate": 0.005}},
    "output": {"uri": "s3://compressed/people/"},
    "storage": {"secretRef": {"name": "object-store"}},
    "runtime": {"device": "CPU"},
}


def at(seconds: float) -> str:
    """Return NOW and so many seconds, as the API server spells it."""
    return (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def spec_with(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(SPEC), **changes}


def resource_body(**changes: Any) -> dict[str, Any]:
    """Return a resource; `spec`, `status` and metadata fields may be changed."""
    meta = {
        "name": OWNER.name,
        "namespace": OWNER.namespace,
        "uid": OWNER.uid,
        "generation": 1,
        "resourceVersion": "10",
        "creationTimestamp": at(-60),
    }
    body = {
        "metadata": meta,
        "spec": copy.deepcopy(SPEC),
        "status": {"observedGeneration": -1},
    }
    for key, value in changes.items():
        if key in ("spec", "status"):
            body[key] = value
        else:
            meta[key] = value
    return body


def make_resource(**changes: Any) -> Resource:
    return parse_resource(resource_body(**changes))


def job_body(start: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a Job of the resource; `spec` and `status` are added, other changes go to its metadata."""
    name = runner_job_name(OWNER.name, OWNER.uid, start)
    spec = {"backoffLimit": 2, "activeDeadlineSeconds": 600, **changes.pop("spec", {})}
    status = {"startTime": at(-30), **changes.pop("status", {})}
    meta = {
        "name": name,
        "namespace": OWNER.namespace,
        "uid": f"job-{start}",
        "resourceVersion": "11",
        "creationTimestamp": at(-30),
        "labels": labels(OWNER.name, start),
        "ownerReferences": [{"uid": OWNER.uid, "controller": True}],
        **changes,
    }
    return {"metadata": meta, "spec": spec, "status": status}


def make_job(start: int = 1, **changes: Any) -> ObservedJob:
    return parse_job(job_body(start, **changes))


def complete_job(start: int = 1, ended: float = -5) -> ObservedJob:
    conditions = [{"type": "SuccessCriteriaMet", "status": "True"}, {"type": "Complete", "status": "True"}]
    return make_job(
        start, status={"conditions": conditions, "completionTime": at(ended), "startTime": at(-20)}
    )


def failed_job(
    reason: str, message: str = "", start: int = 1, failed: int = 1, ended: float = -5
) -> ObservedJob:
    end = {"status": "True", "reason": reason, "message": message, "lastTransitionTime": at(ended)}
    conditions = [{"type": "FailureTarget", **end}, {"type": "Failed", **end}]
    return make_job(start, status={"conditions": conditions, "failed": failed, "startTime": at(-20)})


def pod_body(
    name: str = "demo-pod", state: dict[str, Any] | None = None, phase: str = "Pending", **status: Any
) -> dict[str, Any]:
    containers = [{"name": "runner", "state": state}] if state else []
    return {
        "metadata": {
            "name": name,
            "uid": f"uid-{name}",
            "namespace": OWNER.namespace,
            "resourceVersion": "12",
            "creationTimestamp": at(-25),
            "ownerReferences": [{"uid": "job-1", "controller": True}],
        },
        "status": {"phase": phase, "containerStatuses": containers, **status},
    }


def pending_pod(reason: str = "ContainerCreating", message: str = "", name: str = "demo-pod") -> ObservedPod:
    return parse_pod(pod_body(name, {"waiting": {"reason": reason, "message": message}}))


def running_pod(name: str = "demo-pod") -> ObservedPod:
    return parse_pod(pod_body(name, {"running": {"startedAt": at(-10)}}, "Running"))


def ended_body(code: int, message: str = "", name: str = "demo-pod", **status: Any) -> dict[str, Any]:
    reason = status.pop("why", "Completed" if code == 0 else "Error")
    state = {
        "terminated": {
            "exitCode": code,
            "reason": reason,
            "message": message,
            "startedAt": at(-10),
            "finishedAt": at(-2),
        }
    }
    return pod_body(name, state, "Succeeded" if code == 0 else "Failed", **status)


def ended_pod(code: int, message: str = "", name: str = "demo-pod", **status: Any) -> ObservedPod:
    return parse_pod(ended_body(code, message, name, **status))


def result(reason: str, message: str = "a sentence", **more: Any) -> str:
    return json.dumps({"reason": reason, "message": message, **more})


DISRUPTED = [{"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}]
METRICS = {"baseline": {"miou": "0.9287", "sizeBytes": 5}, "miouDrop": "0.0052"}
ARTIFACTS = {"manifest": {"uri": "s3://compressed/people/k/manifest.json"}}
