"""What users, the Job controller and the kubelet write in a run that goes well."""

import json
from datetime import UTC, datetime

from bench.operator.api import Body

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

RESULT: Body = {
    "reason": "Succeeded",
    "message": "mIoU 0.9235",
    "metrics": {
        "baseline": {"miou": "0.9287", "latencyMs": "56.363", "sizeBytes": 555918},
        "compressed": {"miou": "0.9235", "latencyMs": "37.712", "sizeBytes": 555918, "sparsity": "0.7497"},
        "miouDrop": "0.0052",
        "speedup": "1.4946",
    },
    "artifacts": {"manifest": {"uri": "s3://compressed/humanseg/k/manifest.json", "sha256": "ab" * 32}},
}


def now() -> str:
    """Return the time as the API server spells it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def resource(name: str) -> Body:
    """Return a SegCompressionJob."""
    return {
        "apiVersion": "segcompress.dev/v1alpha1",
        "kind": "SegCompressionJob",
        "metadata": {"name": name},
        "spec": SPEC,
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


def pod_status(phase: str, state: Body) -> Body:
    """Return the patch of a Pod whose runner is in that state."""
    container = {"name": "runner", "image": "runner", "imageID": "", "ready": False, "restartCount": 0}
    return {"status": {"phase": phase, "containerStatuses": [{**container, "state": state}]}}


def pod_running() -> Body:
    """Return what the kubelet writes when the runner starts."""
    return pod_status("Running", {"running": {"startedAt": now()}})


def pod_succeeded() -> Body:
    """Return what the kubelet writes when the runner has ended well."""
    times = {"startedAt": now(), "finishedAt": now()}
    ended = {"exitCode": 0, "reason": "Completed", "message": json.dumps(RESULT), **times}
    return pod_status("Succeeded", {"terminated": ended})


def job_active() -> Body:
    """Return what the Job controller writes once the pod is made."""
    return {"status": {"startTime": now(), "active": 1}}


def job_complete() -> Body:
    """Return what the Job controller writes at the end."""
    holds = {"status": "True", "lastTransitionTime": now(), "lastProbeTime": now()}
    kinds = ("SuccessCriteriaMet", "Complete")
    ended = {"completionTime": now(), "active": 0, "succeeded": 1, "uncountedTerminatedPods": {}}
    return {"status": {**ended, "conditions": [{"type": kind, **holds} for kind in kinds]}}
