"""A namespace in which one job is played through: the Job controller is real, the tests play the kubelet."""

import copy
from typing import Any

from integration.operator import objects
from integration.operator.api import PATIENCE_SECONDS, Api, ApiError, Body, eventually
from segcompress_operator.resources.names import runner_job_name


def spec(**changes: Any) -> Body:
    """Return the sample spec, for two pods at most, with some of its top-level fields replaced."""
    return {**copy.deepcopy(objects.SPEC), "backoffLimit": 1, **changes}


class Stage:
    """One resource called `demo` and what the cluster does with it."""

    def __init__(
        self, api: Api, namespace: str, name: str = "demo", patience: float = PATIENCE_SECONDS
    ) -> None:
        self.api = api
        self.patience = patience
        self.namespace = namespace
        self.name = name

    def apply(self, body: Body, **metadata: Any) -> Body:
        return self.api.create("scj", self.namespace, objects.resource(self.name, body, **metadata))

    def resource(self) -> Body:
        return self.api.get("scj", self.namespace, self.name)

    def status(self) -> Body:
        found: Body = self.resource().get("status", {})
        return found

    def condition(self, type_: str) -> Body:
        found = (c for c in self.status().get("conditions", ()) if c["type"] == type_)
        return next(found, {})

    def reaches(self, type_: str, reason: str, status: str = "True") -> Body:
        """Wait for the condition, and return it."""

        def look() -> Body | None:
            now = self.condition(type_)
            return now if (now.get("status"), now.get("reason")) == (status, reason) else None

        return eventually(look, f"{type_}={status} {reason}; last: {self.condition(type_)}", self.patience)

    def waits(self, reason: str) -> Body:
        """Wait until the run waits for `reason`, which is no end."""
        found = self.reaches("Reconciling", reason)
        assert self.condition("Finished")["status"] == "False"
        return found

    def jobs(self) -> list[Body]:
        return self.api.list("jobs", self.namespace)

    def job(self) -> Body:
        return eventually(lambda: next(iter(self.jobs()), None), "a Job", self.patience)

    def pod(self, *not_these: str) -> Body:
        """Wait for a pod whose name is none of `not_these`."""

        def look() -> Body | None:
            pods = self.api.list("pods", self.namespace)
            return next((pod for pod in pods if pod["metadata"]["name"] not in not_these), None)

        return eventually(look, "a pod", self.patience)

    def kubelet(self, pod: Body, phase: str, state: Body, **more: Any) -> None:
        """Report the pod's runner container as the kubelet would."""
        self._report(pod, objects.pod_status(phase, state, **more))

    def _report(self, pod: Body, patch: Body) -> None:
        self.api.patch("pods", self.namespace, pod["metadata"]["name"] + "/status", patch)

    def runs(self, pod: Body | None = None) -> Body:
        """Let a pod run, and return it once the resource says so."""
        pod = pod or self.pod()
        self._report(pod, objects.pod_running())
        self.reaches("Reconciling", "Running")
        return pod

    def bind(self, pod: Body, node: str) -> None:
        """Give the pod to a node: only its kubelet ends it from now on."""
        name = pod["metadata"]["name"]
        target = {"apiVersion": "v1", "kind": "Node", "name": node}
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": target}
        self.api.request("POST", f"/api/v1/namespaces/{self.namespace}/pods/{name}/binding", binding)

    def runs_and_succeeds(self) -> Body:
        """Let a pod run and end well, and return it once the resource says so."""
        pod = self.runs()
        self.exits(pod, 0, objects.SUCCEEDED)
        self.reaches("Complete", "Succeeded")
        return pod

    def runs_on(self, node: str) -> Body:
        """Let the first pod run on a node."""
        pod = self.pod()
        self.bind(pod, node)
        return self.runs(pod)

    def being_deleted(self) -> Body:
        """Wait until a Job is being deleted, and return it."""

        def look() -> Body | None:
            return next((job for job in self.jobs() if job["metadata"].get("deletionTimestamp")), None)

        return eventually(look, "a Job being deleted", self.patience)

    def ends_deleted(self, pod: Body, code: int) -> None:
        """Let the kubelet end a pod that is being deleted, and confirm that it is gone."""
        name = pod["metadata"]["name"]
        eventually(
            lambda: self.api.get("pods", self.namespace, name)["metadata"].get("deletionTimestamp"),
            "the pod deleted",
        )
        self.exits(pod, code)
        self.api.delete("pods", self.namespace, name, gracePeriodSeconds=0)

    def edit(self, **spec: object) -> None:
        """Change fields of the spec."""
        self.api.patch("scj", self.namespace, self.name, {"spec": spec})

    def waits_in(self, pod: Body, reason: str, message: str) -> None:
        self.kubelet(pod, "Pending", {"waiting": {"reason": reason, "message": message}})

    def exits(self, pod: Body, code: int, message: str = "", reason: str = "", **more: Any) -> None:
        """Let the pod's container end."""
        self._report(pod, objects.pod_ended(code, message, reason, **more))

    def events(self) -> list[Body]:
        query = f"fieldSelector=involvedObject.kind=SegCompressionJob,involvedObject.name={self.name}"
        return self.api.list("events", self.namespace, query)

    def gone(self, kind: str, name: str) -> bool:
        try:
            self.api.get(kind, self.namespace, name)
        except ApiError as error:
            return error.status == 404
        return False


def quota(stage: Stage, hard: Body) -> None:
    """Make a ResourceQuota called `none`, as its controller would leave it."""
    stage.api.create(
        "resourcequotas", stage.namespace, {"metadata": {"name": "none"}, "spec": {"hard": hard}}
    )
    used = {"status": {"hard": hard, "used": dict.fromkeys(hard, "0")}}
    stage.api.patch("resourcequotas", stage.namespace, "none/status", used)


def foreign_job(stage: Stage, **changes: Any) -> str:
    """Apply the resource, and make a Job of somebody else that has the name we would give; return it."""
    uid = stage.apply(spec(**changes))["metadata"]["uid"]
    name = runner_job_name(stage.name, uid, 1)
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}
    stage.api.create("jobs", stage.namespace, {"metadata": {"name": name}, "spec": {"template": template}})
    return name
