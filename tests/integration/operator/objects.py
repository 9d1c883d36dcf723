"""What users, the Job controller and the kubelet write: played by the tests and by `bench/operator` alike."""

import json
from datetime import UTC, datetime
from typing import Any

Body = dict[str, Any]

SPEC: Body = {
    "model": {"inference": {"uri": "s3://models/pp_humanseg_lite/"}},
    "dataset": {
        "uri": "s3://datasets/humanseg/",
        "numClasses": 2,
        "trainTransforms": [{"type": "Resize", "target_size": [192, 192]}, {"type": "Normalize"}],
        "valTransforms": [{"type": "Resize", "target_size": [192, 192]}, {"type": "Normalize"}],
    },
    "strategy": {
        "UnstructurePrune": {"ratio": 0.75},
        "TrainConfig": {"train_iter": 100, "learning_rate": 0.005},
    },
    "output": {"uri": "s3://compressed/humanseg/"},
    "storage": {"secretRef": {"name": "object-store"}},
    "runtime": {"device": "CPU"},
}

METRICS: Body = {
    "baseline": {"miou": "0.9287", "latencyMs": "56.363", "sizeBytes": 555918},
    "compressed": {"miou": "0.9235", "latencyMs": "37.712", "sizeBytes": 555918, "sparsity": "0.7497"},
    "runtime": "PaddleInference",
    "miouDrop": "0.0052",
    "speedup": "1.4946",
}
ARTIFACTS: Body = {"manifest": {"uri": "s3://compressed/humanseg/k/manifest.json", "sha256": "ab" * 32}}


def result(reason: str, message: str = "mIoU 0.9235", **more: Any) -> str:
    """Return a termination message as the runner writes it."""
    return json.dumps({"reason": reason, "message": message, **more})


SUCCEEDED = result("Succeeded", metrics=METRICS, artifacts=ARTIFACTS)


def now() -> str:
    """Return the time as the API server spells it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def resource(name: str, spec: Body = SPEC, **metadata: Any) -> Body:
    """Return a SegCompressionJob."""
    return {
        "apiVersion": "segcompress.dev/v1alpha1",
        "kind": "SegCompressionJob",
        "metadata": {"name": name, **metadata},
        "spec": spec,
    }


def pod_of(job: Body) -> Body:
    """Return the pod that the Job controller makes of a Job's template."""
    template, meta = job["spec"]["template"], job["metadata"]
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": meta["name"], "uid": meta["uid"]}
    return {
        "metadata": {
            **template["metadata"],
            "name": f"{meta['name']}-x7k2p",
            "ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": True}],
        },
        "spec": template["spec"],
    }


def pod_status(phase: str, state: Body, **more: Any) -> Body:
    """Return the patch of a Pod whose runner is in that state."""
    container = {
        "name": "runner",
        "image": "runner",
        "imageID": "",
        "ready": "running" in state,
        "restartCount": 0,
        "state": state,
    }
    return {"status": {"phase": phase, "startTime": now(), "containerStatuses": [container], **more}}


def pod_running() -> Body:
    """Return what the kubelet writes when the runner starts."""
    return pod_status("Running", {"running": {"startedAt": now()}})


def pod_ended(code: int, message: str = "", reason: str = "", **more: Any) -> Body:
    """Return what the kubelet writes when the runner has ended."""
    ended = {
        "exitCode": code,
        "reason": reason or ("Error" if code else "Completed"),
        "message": message,
        "startedAt": now(),
        "finishedAt": now(),
    }
    return pod_status("Failed" if code else "Succeeded", {"terminated": ended}, **more)


def job_active() -> Body:
    """Return what the Job controller writes once the pod is made."""
    return {"status": {"startTime": now(), "active": 1}}


def job_complete() -> Body:
    """Return what the Job controller writes at the end."""
    holds = {"status": "True", "lastTransitionTime": now(), "lastProbeTime": now()}
    kinds = ("SuccessCriteriaMet", "Complete")
    ended = {"completionTime": now(), "active": 0, "succeeded": 1, "uncountedTerminatedPods": {}}
    return {"status": {**ended, "conditions": [{"type": kind, **holds} for kind in kinds]}}


def job_failed(reason: str, message: str, failures: int = 1) -> Body:
    """Return what the Job controller writes where it gives up, or a rule of the Job's says so."""
    holds = {"status": "True", "lastTransitionTime": now(), "lastProbeTime": now()}
    conditions = [
        {"type": kind, "reason": reason, "message": message, **holds} for kind in ("FailureTarget", "Failed")
    ]
    ended = {"active": 0, "failed": failures, "uncountedTerminatedPods": {}}
    return {"status": {**ended, "conditions": conditions}}
