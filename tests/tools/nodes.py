"""Nodes with GPUs that are none, and what their kubelets would say of the runners' pods."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Self

from integration.operator import objects
from integration.operator.api import Api, ApiError, Body

GPU = "nvidia.com/gpu"
POOL = {"pool": "gpu"}
RUNNERS = "/api/v1/pods?labelSelector=app.kubernetes.io%2Fname%3Dsegcompress-runner"
LOOK_SECONDS = 0.1
STOPPED = 5
"""How a runner ends that is asked to stop."""

_SIZE = {"cpu": "64", "memory": "256Gi", "ephemeral-storage": "1Ti", "pods": "110"}


def add_node(api: Api, name: str, gpus: int) -> None:
    """Register a node that is ready, as its kubelet and the node controller would leave it."""
    api.request("POST", "/api/v1/nodes", {"metadata": {"name": name, "labels": POOL}})
    api.request("PATCH", f"/api/v1/nodes/{name}", {"spec": {"taints": None}})
    size = {**_SIZE, GPU: str(gpus)}
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": objects.now()}
    status = {"capacity": size, "allocatable": size, "conditions": [ready]}
    api.request("PATCH", f"/api/v1/nodes/{name}/status", {"status": status})


@dataclass
class Kubelet:
    """Runs each pod that has a node, and ends each that is deleted, until the test says otherwise.

    `pulls`: runs whose pods do not get beyond the pull of their image. `obeys`: how a run's pods end that are
    asked to stop, where that is not `STOPPED`; None for pods that go on.
    """

    api: Api
    pulls: set[str] = field(default_factory=set)
    obeys: dict[str, int | None] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    """The most GPUs that pods held at once, by node."""
    started: list[tuple[str, str]] = field(default_factory=list)
    """Run and name of each pod that ran, in order."""
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._work)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def starts(self) -> dict[str, int]:
        """Return how many pods of each run ran."""
        return dict(Counter(run for run, _ in self.started))

    def look(self) -> None:
        """See to all pods once."""
        pods = self.api.request("GET", RUNNERS)["items"]
        bound = [pod for pod in pods if pod["spec"].get("nodeName")]
        self._count([pod for pod in bound if not _has_ended(pod)])
        for pod in bound:
            if not _has_ended(pod):
                self._see_to(pod)

    def _work(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            self.look()

    def _see_to(self, pod: Body) -> None:
        run, runs = _run_of(pod), bool(_state(pod).get("running"))
        if pod["metadata"].get("deletionTimestamp"):
            code = self.obeys.get(run, STOPPED) if runs else 137
            if code is not None:
                self._end_deleted(pod, code, "" if runs else "ContainerStatusUnknown")
        elif run in self.pulls:
            if not _state(pod):
                self._report(pod, objects.pod_status("Pending", {"waiting": {"reason": "ContainerCreating"}}))
        elif not runs:
            self.started.append((run, pod["metadata"]["name"]))
            self._report(pod, objects.pod_running())

    def _end_deleted(self, pod: Body, code: int, reason: str) -> None:
        self._report(pod, objects.pod_ended(code, reason=reason))
        meta = pod["metadata"]
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
        self._send("DELETE", path, {"gracePeriodSeconds": 0})

    def _report(self, pod: Body, patch: Body) -> None:
        meta = pod["metadata"]
        self._send("PATCH", f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/status", patch)

    def _send(self, method: str, path: str, body: Body) -> None:
        try:
            self.api.request(method, path, body)
        except ApiError as error:
            if error.status != 404:  # the pod went meanwhile
                raise

    def _count(self, pods: list[Body]) -> None:
        held: dict[str, int] = {}
        for pod in pods:
            node = pod["spec"]["nodeName"]
            held[node] = held.get(node, 0) + _gpus(pod)
        for node, count in held.items():
            self.most[node] = max(self.most.get(node, 0), count)


def _run_of(pod: Body) -> str:
    return str(pod["metadata"]["labels"]["segcompress.dev/job-name"])


def _gpus(pod: Body) -> int:
    limits: Body = pod["spec"]["containers"][0]["resources"].get("limits", {})
    return int(limits.get(GPU, "0"))


def _has_ended(pod: Body) -> bool:
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def _state(pod: Body) -> Body:
    statuses = pod.get("status", {}).get("containerStatuses") or [{}]
    found: Body = statuses[0].get("state") or {}
    return found
