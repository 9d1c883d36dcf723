"""Tenants of one cluster that share their quota through Kueue, and their runs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from math import prod
from typing import Any

from devcluster.audit import read_requests
from devcluster.controlplane import ControlPlane
from integration.operator.api import Api, ApiError, Body, eventually
from integration.operator.objects import SUCCEEDED
from integration.operator.stage import Stage, spec
from integration.operator.sweep_stage import PARAMETERS, SweepStage, sweep_spec
from sweep_kills.checks import Writes, broken
from sweep_kills.etcd import sweep_changes
from tools.nodes import GPU, POOL, Kubelet

_API = "/apis/kueue.x-k8s.io/v1beta2"
QUEUE = "gpus"
_PLENTY = {"cpu": "100", "memory": "1Ti", "ephemeral-storage": "1Ti"}


def add_flavor(api: Api) -> None:
    """Say which nodes the quota is of, unless it has been said."""
    _ensure(api, "resourceflavors", {**_kueue("ResourceFlavor", "gpu"), "spec": {"nodeLabels": POOL}})


def add_priority(api: Api, name: str, value: int) -> None:
    """Make a WorkloadPriorityClass, unless there is one."""
    _ensure(api, "workloadpriorityclasses", {**_kueue("WorkloadPriorityClass", name), "value": value})


def _ensure(api: Api, plural: str, body: Body) -> None:
    try:
        api.request("POST", f"{_API}/{plural}", body)
    except ApiError as error:
        if error.status != HTTPStatus.CONFLICT:
            raise


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
    """A namespace whose LocalQueues belong to a ClusterQueue of the same name."""

    api: Api
    name: str

    def install(self) -> None:
        """Make the namespace."""
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        self.api.request("POST", "/api/v1/namespaces", {"metadata": {"name": self.name, "labels": labels}})

    def add_quota(self, cohort: str, gpus: int) -> None:
        """Make the ClusterQueue, of so many GPUs in that cohort."""
        self.api.request("POST", f"{_API}/clusterqueues", self._cluster_queue(cohort, gpus))

    def add_queue(self, name: str) -> None:
        """Make a LocalQueue of the tenant's quota."""
        body = {**_kueue("LocalQueue", name), "spec": {"clusterQueue": self.name}}
        self.api.request("POST", self._queues(), body)
        self.await_queue(name)

    def await_queue(self, name: str) -> None:
        """Wait until a LocalQueue admits."""

        def active() -> bool:
            found = self.api.request("GET", f"{self._queues()}/{name}").get("status", {})
            return any(c["type"] == "Active" and c["status"] == "True" for c in found.get("conditions", ()))

        eventually(active, f"queue {name} of {self.name} active")

    def _queues(self) -> str:
        return f"{_API}/namespaces/{self.name}/localqueues"

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

    def _cluster_queue(self, cohort: str, gpus: int) -> Body:
        quotas = [
            {"name": name, "nominalQuota": amount} for name, amount in {**_PLENTY, GPU: str(gpus)}.items()
        ]
        group = {"coveredResources": [*_PLENTY, GPU], "flavors": [{"name": "gpu", "resources": quotas}]}
        only_here = {"matchLabels": {"kubernetes.io/metadata.name": self.name}}
        preemption = {"reclaimWithinCohort": "Any", "withinClusterQueue": "LowerPriority"}
        spec_ = {
            "cohortName": cohort,
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


@dataclass(frozen=True)
class Holding:
    """What a tenant holds, by the status of its ClusterQueue."""

    tenant: Tenant

    def standing(self) -> str:
        """Return its GPUs, and its share: thousandths of the cohort's that it borrows, by its weight."""
        url = f"{_API}/clusterqueues/{self.tenant.name}"
        status: Body = self.tenant.api.request("GET", url).get("status", {})
        used = [resource for flavor in status.get("flavorsUsage", ()) for resource in flavor["resources"]]
        gpus = next((int(resource["total"]) for resource in used if resource["name"] == GPU), 0)
        share = status.get("fairSharing", {}).get("weightedShare")
        return f"{gpus} {'GPU' if gpus == 1 else 'GPUs'}, share {share}"


class GpuSweep(SweepStage):
    """A sweep in a tenant's queue, whose trials take one GPU each."""

    def submit(self, parallel: int, parameters: Sequence[Body] = PARAMETERS) -> "GpuSweep":
        """Create the sweep, of all points, so many at once; a trial that fails once has failed."""
        labels = {"kueue.x-k8s.io/queue-name": QUEUE}
        trial = spec(runtime={"device": "GPU"}, backoffLimit=0)
        template = {"metadata": {"labels": labels}, "spec": trial}
        points = prod(len(each["values"]) for each in parameters)
        body = sweep_spec(template=template, parallelTrials=parallel, parameters=parameters, maxTrials=points)
        self.apply(body)
        return self

    def standing(self) -> str:
        """Return how many trials are in each phase."""
        phases = Counter(trial.get("status", {}).get("phase", "Pending") for trial in self.trials())
        return ", ".join(f"{count} {phase}" for phase, count in sorted(phases.items()))

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

    def taken_back(self) -> bool:
        """Return whether Kueue holds a Job; once all have run, it has taken back its GPU."""
        return any(job["spec"]["suspend"] for job in self.api.list("jobs", self.namespace))

    def confirm_complete(self, plane: ControlPlane) -> None:
        """Check that it ended well: no trial was lost or doubled, and there were never too many at once."""
        self.reaches("Complete", "Succeeded")
        assert broken(Writes(*sweep_changes(plane, self.namespace))) == []

    def confirm_preemptions(self, kubelet: Kubelet) -> None:
        """Check that no pod counts as failed, and as preempted each that ran and was stopped.

        A pod may also be preempted before it runs.
        """
        counted = zip(self.attempts(), self.restarts(kubelet), strict=True)
        assert all(failed == 0 and preempted >= again for (failed, preempted), again in counted)

    def restarts(self, kubelet: Kubelet) -> list[int]:
        """Return how many pods of each trial ran after its first one."""
        return [kubelet.starts().get(each["metadata"]["name"], 1) - 1 for each in self.trials()]

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
