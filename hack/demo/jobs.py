"""Applies a SegCompressionJob and shows what its pods say until it is finished."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import yaml

from demo.console import DemoError, say
from demo.inputs import Inputs
from demo.target import Target

NAMESPACE = "segcompress-demo"
OWN_LABEL = {"app.kubernetes.io/managed-by": "segcompress-demo"}
_POLL_SECONDS = 1.0

Resource = dict[str, Any]


def prepare_namespace(target: Target) -> None:
    """Make the demo's namespace, restricted, with the object store's Secret in it."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted", **OWN_LABEL}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "object-store", "namespace": NAMESPACE},
        "stringData": {
            "endpoint": target.endpoint,
            "accessKey": target.access_key,
            "secretKey": target.secret_key,
        },
    }
    for manifest in (namespace, secret):
        target.kubectl("apply", "-f", "-", fed=json.dumps(manifest))


def job_for(example: Path, inputs: Inputs, target: Target) -> Resource:
    """Return an example's resource, pointed at `inputs` in the target's store."""
    job: Resource = yaml.safe_load((example / "job.yaml").read_text())
    point(job["spec"], job["metadata"], inputs, target)
    return job


def point(spec: Resource, metadata: Resource, inputs: Inputs, target: Target) -> None:
    """Point a job's spec at `inputs` in the target's store, and name what it is of after them."""
    if inputs.name != "sample":
        metadata["name"] += f"-{inputs.name}"
    spec["model"]["inference"]["uri"] = target.uri("models", inputs.name)
    spec["dataset"]["uri"] = target.uri("datasets", inputs.name)
    spec["output"]["uri"] = target.uri("compressed", metadata["name"])


def run_job(job: Resource, target: Target) -> Resource:
    """Apply `job` anew, follow it to its end, and return the resource as it then stands."""
    name = job["metadata"]["name"]
    target.kubectl("delete", "-n", NAMESPACE, "--ignore-not-found", "scj", name)
    target.kubectl("apply", "-n", NAMESPACE, "-f", "-", fed=json.dumps(job))
    finished = _follow(name, target)
    end = condition(finished, "Finished")
    say(f"   {finished['status']['phase']} ({end['reason']}): {end['message']}")
    return finished


def check_succeeded(finished: Resource) -> None:
    """Raise DemoError where a finished resource did not succeed; its message says why already."""
    kind, name = finished["kind"], finished["metadata"]["name"]
    if finished["status"]["phase"] != "Succeeded":
        raise DemoError(f"{name} did not succeed: kubectl describe -n {NAMESPACE} {kind} {name}")


def _follow(name: str, target: Target) -> Resource:
    seen: set[str] = set()
    shown = ""
    while True:
        resource: Resource = json.loads(target.kubectl("get", "-n", NAMESPACE, "scj", name, "-o", "json"))
        if condition(resource, "Finished").get("status") == "True":
            return resource
        state = condition(resource, "Reconciling").get("message", "")
        if state != shown:
            shown = state
            say(f"   {state}")
        pod = _running_pod(name, seen, target)
        if pod:
            seen.add(pod)
            _stream_log(pod, target)
        time.sleep(_POLL_SECONDS)


def condition(resource: Resource, type_: str) -> dict[str, str]:
    """Return the condition of that type, empty where there is none."""
    conditions = resource.get("status", {}).get("conditions", [])
    return next((c for c in conditions if c["type"] == type_), {})


def _running_pod(name: str, seen: set[str], target: Target) -> str | None:
    selector = f"segcompress.dev/job-name={name}"
    pods = json.loads(target.kubectl("get", "-n", NAMESPACE, "pods", "-l", selector, "-o", "json"))
    for pod in pods["items"]:
        if pod["metadata"]["name"] not in seen and pod["status"]["phase"] != "Pending":
            return str(pod["metadata"]["name"])
    return None


def _stream_log(pod: str, target: Target) -> None:
    command = ["kubectl", *target.context, "logs", "-n", NAMESPACE, "-f", pod]
    with subprocess.Popen(command, env=dict(target.env), stdout=subprocess.PIPE, text=True) as log:
        for line in log.stdout or ():
            say(f"   | {line.rstrip()}")
