"""Tenants of one cluster that share their quota through Kueue, and their runs."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from devcluster.audit import read_requests
from devcluster.controlplane import ControlPlane
from integration.operator.api import Api, Body, eventually
from integration.operator.objects import SUCCEEDED
from integration.operator.stage import Stage, spec
from integration.operator.sweep_stage import SweepStage, sweep_spec
from tools.nodes import GPU, POOL

_API = "/apis/kueue.x-k8s.io/v1beta2"
QUEUE = "gpus"
_PLENTY = {"cpu": "100", "memory": "1Ti", "ephemeral-storage": "1Ti"}


def add_flavor(api: Api) -> None:
    """Say which nodes the quota is of."""
    api.request(
        "POST", f"{_API}/resourceflavors", {**_kueue("ResourceFlavor", "gpu"), "spec": {"nodeLabels": POOL}}
    )


def add_priority(api: Api, name: str, value: int) -> None:
    """Make a WorkloadPriorityClass."""
    api.request(
        "POST", f"{_API}/workloadpriorityclasses", {**_kueue("WorkloadPriorityClass", name), "value": value}
    )


def _kueue(kind: str, name: str) -> Body:
    return {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": kind, "metadata": {"name": name}}


def jobs_created(plane: ControlPlane, tenant: "Tenant") -> int:
    """Return how many Jobs were created for a tenant, by the API server's own record."""
    return sum(
        (request.verb, request.resource, request.namespace, request.code)
        == ("create", "jobs", tenant.name, 201)
        for request in read_requests(plane.audit_log)
    )


@dataclass(frozen=True)
class Tenant:
    """A namespace with a LocalQueue, and a ClusterQueue of `gpus` in the cohort of that name."""

    api: Api
    name: str
    cohort: str
    gpus: int

    def install(self) -> None:
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        self.api.request("POST", "/api/v1/namespaces", {"metadata": {"name": self.name, "labels": labels}})
        self.api.request("POST", f"{_API}/clusterqueues", self._cluster_queue())
        self.add_queue(QUEUE)

    def add_queue(self, name: str) -> None:
        """Make a LocalQueue of the tenant's quota."""
        url = f"{_API}/namespaces/{self.name}/localqueues"
        self.api.request("POST", url, {**_kueue("LocalQueue", name), "spec": {"clusterQueue": self.name}})

        def active() -> bool:
            conditions = self.api.request("GET", f"{url}/{name}").get("status", {}).get("conditions", ())
            return any(c["type"] == "Active" and c["status"] == "True" for c in conditions)

        eventually(active, f"queue {name} of {self.name} active")

    def workloads(self) -> list[Body]:
        """Return what Kueue keeps of the tenant's Jobs, once there is something."""
        url = f"{_API}/namespaces/{self.name}/workloads"
        return eventually(lambda: self.api.request("GET", url)["items"], f"a Workload of {self.name}")

    def leave(self) -> None:
        """Delete the tenant's sweeps and runs, and wait until no pod of theirs is left."""
        for sweep in self.api.list("scs", self.name):
            self.api.delete("scs", self.name, sweep["metadata"]["name"])
        for run in self.api.list("scj", self.name):
            if not run["metadata"].get("ownerReferences"):  # trials go with their sweep
                self.api.delete("scj", self.name, run["metadata"]["name"])
        eventually(lambda: not self.api.list("pods", self.name), f"no pod of {self.name}")

    def _cluster_queue(self) -> Body:
        quotas = [
            {"name": name, "nominalQuota": amount}
            for name, amount in {**_PLENTY, GPU: str(self.gpus)}.items()
        ]
        group = {"coveredResources": [*_PLENTY, GPU], "flavors": [{"name": "gpu", "resources": quotas}]}
        only_here = {"matchLabels": {"kubernetes.io/metadata.name": self.name}}
        preemption = {"reclaimWithinCohort": "Any", "withinClusterQueue": "LowerPriority"}
        spec_ = {
            "cohortName": self.cohort,
            "namespaceSelector": only_here,
            "resourceGroups": [group],
            "preemption": preemption,
        }
        return {**_kueue("ClusterQueue", self.name), "spec": spec_}

    def submit(self, name: str, labels: dict[str, str] | None = None, **fields: Any) -> "Run":
        """Create a run of one GPU in the tenant's queue; one that fails once has failed."""
        run = Run(self.api, self.name, name)
        body = spec(runtime={"device": "GPU"}, backoffLimit=0, **fields)
        run.apply(body, labels={"kueue.x-k8s.io/queue-name": QUEUE, **(labels or {})})
        return run


class GpuSweep(SweepStage):
    """A sweep of six trials in a tenant's queue, each on one GPU."""

    def submit(self, parallel: int) -> "GpuSweep":
        """Create the sweep with so many trials at once; a trial that fails once has failed."""
        labels = {"kueue.x-k8s.io/queue-name": QUEUE}
        trial = spec(runtime={"device": "GPU"}, backoffLimit=0)
        template = {"metadata": {"labels": labels}, "spec": trial}
        self.apply(sweep_spec(template=template, parallelTrials=parallel))
        return self

    def standing(self) -> str:
        """Return how many trials are in each phase."""
        phases = Counter(trial.get("status", {}).get("phase", "Pending") for trial in self.trials())
        return ", ".join(f"{count} {phase}" for phase, count in sorted(phases.items()))

    def stands(self, words: str) -> None:
        """Wait until so many trials are in each phase."""
        eventually(lambda: self.standing() == words, f"{words}; last: {self.standing()}")

    def one_ends(self) -> bool:
        """Let a pod that runs end well; return False if none does."""
        running = (pod for pod in self.pods() if pod["status"].get("phase") == "Running")
        pod = next(running, None)
        if pod is not None:
            self.ends(pod)
        return pod is not None

    def is_played(self) -> bool:
        """Let a pod that runs end well; return True once the sweep has finished instead."""
        return not self.one_ends() and self.condition("Finished").get("status") == "True"

    def attempts(self) -> list[tuple[int, int]]:
        """Return how many pods of each trial failed and how many were preempted."""
        return [Run(self.api, self.namespace, each["metadata"]["name"]).attempts() for each in self.trials()]


class Run(Stage):
    """A run among others of its namespace."""

    def standing(self) -> str:
        """Return its phase, and how often it was preempted."""
        _, preempted = self.attempts()
        often = "" if preempted == 1 else f" {preempted} times"
        return str(self.status()["phase"]) + (f", preempted{often}" if preempted else "")

    def jobs(self) -> list[Body]:
        return self.api.list("jobs", self.namespace, self._mine())

    def pods(self) -> list[Body]:
        return self.api.list("pods", self.namespace, self._mine())

    def _mine(self) -> str:
        return f"labelSelector=segcompress.dev%2Fjob-name%3D{self.name}"

    def attempts(self) -> tuple[int, int]:
        """Return how many pods failed and how many were preempted."""
        found = self.status().get("attempts", {})
        return found.get("failed", 0), found.get("preempted", 0)

    def at_work(self) -> "Run":
        """Wait until it runs."""
        self.reaches("Reconciling", "Running")
        return self

    def queued(self) -> "Run":
        """Wait until its Job is held, with no pod left."""
        self.reaches("Reconciling", "Queued")
        eventually(lambda: not self.pods(), f"no pod of {self.name}")
        return self

    def succeeds(self) -> None:
        """Let its pod end well, and wait until that is said."""
        (pod,) = (pod for pod in self.pods() if not pod["metadata"].get("deletionTimestamp"))
        self.exits(pod, 0, SUCCEEDED)
        self.reaches("Complete", "Succeeded")
