"""A small model of the API server, the Job controller and the kubelet, with a history that streams read."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from segcompress_operator.errors import GoneError, RetryableError
from segcompress_operator.kinds import COMPRESSION_JOBS, JOBS, PODS, Kind, Ref
from segcompress_operator.resources.names import BATCH_JOB_NAME_LABEL, CONTROLLER_UID_LABEL
from unit.operator.samples import NOW, job_body, pod_body, resource_body, result, spec_with

Body = dict[str, Any]
Event = tuple[str, Body]

DONE = {"type": "Complete", "status": "True"}
MET = {"type": "SuccessCriteriaMet", "status": "True"}


@dataclass
class Truth:
    """What is in the cluster, by uid, and all that happened to each kind."""

    seconds: float = 0.0
    version: int = 10
    objects: dict[Kind, dict[str, Body]] = field(
        default_factory=lambda: {kind: {} for kind in (COMPRESSION_JOBS, JOBS, PODS)}
    )
    history: dict[Kind, list[Event]] = field(
        default_factory=lambda: {kind: [] for kind in (COMPRESSION_JOBS, JOBS, PODS)}
    )

    def at(self) -> str:
        return (NOW + timedelta(seconds=self.seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def put(self, kind: Kind, body: Body) -> Body:
        """Store an object under a new version."""
        uid = body["metadata"]["uid"]
        type_ = "MODIFIED" if uid in self.objects[kind] else "ADDED"
        return self._record(kind, type_, body)

    def remove(self, kind: Kind, uid: str) -> None:
        self._record(kind, "DELETED", self.objects[kind][uid])
        del self.objects[kind][uid]

    def owned(self, kind: Kind, uid: str) -> list[Body]:
        return [
            body
            for body in self.objects[kind].values()
            if body["metadata"]["ownerReferences"][0]["uid"] == uid
        ]

    def named(self, kind: Kind, name: str) -> Body | None:
        found = (body for body in self.objects[kind].values() if body["metadata"]["name"] == name)
        return next(found, None)

    def apply(self, name: str, *, suspend: bool = False) -> None:
        """Create a resource; it tolerates one preemption."""
        meta = {"name": name, "uid": f"uid-{self.version}", "creationTimestamp": self.at()}
        spec = spec_with(preemptionLimit=1, suspend=suspend)
        self.put(COMPRESSION_JOBS, resource_body(spec=spec, **meta))

    def suspend(self, body: Body, *, suspend: bool) -> None:
        """Let a user suspend or resume a resource."""
        if body["spec"]["suspend"] != suspend:
            meta = {**body["metadata"], "generation": body["metadata"]["generation"] + 1}
            spec = {**body["spec"], "suspend": suspend}
            self.put(COMPRESSION_JOBS, {**body, "metadata": meta, "spec": spec})

    def create(self, manifest: Mapping[str, Any]) -> Body:
        """Answer the POST of a Job, or return the one of that name; its owner need not exist any more."""
        existing = self.named(JOBS, manifest["metadata"]["name"])
        if existing is not None:
            return existing
        body = job_body(
            int(manifest["metadata"]["labels"]["segcompress.dev/start"]), status={"startTime": None}
        )
        body["metadata"] |= {
            **copy.deepcopy(dict(manifest["metadata"])),
            "uid": f"job-{self.version}",
            "creationTimestamp": self.at(),
        }
        return self.put(JOBS, body)

    def delete(self, name: str, uid: str, version: str) -> Body:
        """Answer the DELETE of a Job in the foreground: it stays until its pods are gone."""
        body = self.named(JOBS, name)
        if body is None:
            raise GoneError(name)
        meta = body["metadata"]
        if meta["uid"] != uid or version not in ("", meta["resourceVersion"]):
            raise RetryableError("precondition")
        return self.put(JOBS, {**body, "metadata": {**meta, "deletionTimestamp": self.at()}})

    def patch_status(self, ref: Ref, meta: Mapping[str, str], patch: Mapping[str, Any]) -> Body:
        """Answer the PATCH of a status."""
        body = self.named(ref.kind, ref.name)
        if body is None:
            raise GoneError(ref.name)
        if {key: body["metadata"][key] for key in meta} != meta:
            raise RetryableError("conflict")
        new = copy.deepcopy(body)
        new["status"].update(patch)
        return self.put(ref.kind, new)

    def start_pod(self, job: Body) -> None:
        pod = pod_body(f"pod-{self.version}", {"running": {"startedAt": self.at()}}, "Running")
        pod["metadata"]["creationTimestamp"] = self.at()
        pod["metadata"]["ownerReferences"][0]["uid"] = job["metadata"]["uid"]
        pod["metadata"]["labels"] = {
            **job["metadata"].get("labels", {}),
            BATCH_JOB_NAME_LABEL: job["metadata"]["name"],
            CONTROLLER_UID_LABEL: job["metadata"]["uid"],
        }
        self.put(PODS, pod)
        self.put(JOBS, {**job, "status": {**job["status"], "startTime": self.at(), "active": 1}})

    def end_pod(self, pod: Body, code: int, message: str = "") -> None:
        message = message or (result("Succeeded") if code == 0 else "")
        ended = {"exitCode": code, "message": message, "startedAt": self.at(), "finishedAt": self.at()}
        containers = [{"name": "runner", "state": {"terminated": ended}}]
        phase = "Failed" if code else "Succeeded"
        self.put(PODS, {**pod, "status": {"phase": phase, "containerStatuses": containers}})

    def finish(self, job: Body) -> None:
        """Complete a Job whose pod succeeded."""
        status = {"startTime": self.at(), "completionTime": self.at(), "conditions": [MET, DONE]}
        self.put(JOBS, {**job, "status": status})

    def finish_deletion(self, job: Body, pods: list[Body], code: int) -> None:
        """Take the next step of a Job that is being deleted: its pod ends, all pods go, it goes."""
        running = [pod for pod in pods if pod["status"]["phase"] == "Running"]
        for pod in running:
            self.end_pod(pod, code)
        for pod in pods if not running else ():
            self.remove(PODS, pod["metadata"]["uid"])
        if not pods:
            self.remove(JOBS, job["metadata"]["uid"])

    def collect(self) -> None:
        """Collect garbage: what has an owner that is gone."""
        for kind, owners in ((JOBS, COMPRESSION_JOBS), (PODS, JOBS)):
            for uid, body in [*self.objects[kind].items()]:
                if body["metadata"]["ownerReferences"][0]["uid"] not in self.objects[owners]:
                    self.remove(kind, uid)

    def live_jobs(self) -> Iterator[tuple[str, Body]]:
        """Yield (owner uid, Job) of Jobs that have not ended."""
        for body in self.objects[JOBS].values():
            if "conditions" not in body["status"]:
                yield body["metadata"]["ownerReferences"][0]["uid"], body

    def _record(self, kind: Kind, type_: str, body: Body) -> Body:
        self.version += 1
        meta = {**body["metadata"], "resourceVersion": str(self.version)}
        new = {**body, "metadata": meta}
        self.objects[kind][meta["uid"]] = new
        self.history[kind].append((type_, new))
        return new
