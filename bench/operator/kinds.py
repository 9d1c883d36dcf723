"""The kinds of resource that a player creates, one for each run, and what their status says of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bench.operator.sample import sample

from integration.operator import objects
from integration.operator.async_api import COMPRESSION_JOBS, Body

KindName = Literal["SegCompressionJob", "JobSet"]


@dataclass(frozen=True)
class Kind:
    """A kind of resource: `phase` is Running, Succeeded or Failed, or anything else before."""

    url: str
    make: Callable[[str], Body]
    phase: Callable[[Body], str]


def job_set(name: str) -> Body:
    """Return a JobSet of the Job that the operator makes, with what JobSet's webhook would fill in."""
    return {
        "apiVersion": "jobset.x-k8s.io/v1alpha2",
        "kind": "JobSet",
        "metadata": {"name": name},
        "spec": {
            "replicatedJobs": [{"name": "run", "replicas": 1, "template": _template()}],
            "successPolicy": {"operator": "All"},
            "startupPolicy": {"startupPolicyOrder": "AnyOrder"},
            "network": {"enableDNSHostnames": False, "publishNotReadyAddresses": True},
        },
    }


def _template() -> Body:
    job = sample()["job"]
    return {"metadata": {"labels": job["metadata"]["labels"]}, "spec": job["spec"]}


def phase_of_job_set(resource: Body) -> str:
    """Return the phase of a JobSet; Completed is its word for Succeeded."""
    status = resource.get("status", {})
    if ended := status.get("terminalState"):
        return "Succeeded" if ended == "Completed" else "Failed"
    active = any(job["active"] for job in status.get("replicatedJobsStatus", []))
    return "Running" if active else ""


def _phase(resource: Body) -> str:
    return str(resource.get("status", {}).get("phase", ""))


KINDS: dict[str, Kind] = {
    "SegCompressionJob": Kind(COMPRESSION_JOBS, objects.resource, _phase),
    "JobSet": Kind("/apis/jobset.x-k8s.io/v1alpha2/namespaces/{}/jobsets", job_set, phase_of_job_set),
}
