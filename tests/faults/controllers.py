"""Plays Job controller and garbage collector in one namespace: level-triggered, whatever the order of things.

The real Job controller makes at most 20 requests a second; the rules here are its podFailurePolicy's.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from faults.history import JOBS, PODS, Body
from faults.kubelet import Fate, Pod
from faults.namespace import Namespace, owners, status, uid_of
from integration.operator import objects
from segcompress_api.contract import ExitCode

Spawn = Callable[[Coroutine[Any, Any, None]], None]

_FINAL = (ExitCode.INVALID_INPUT, ExitCode.GATE_MISSED)


class Controllers:
    """The n-th pod of the namespace has the n-th of the `fates`; those after the last, the last one's.

    While `held` is set, Jobs get no pods.
    """

    def __init__(self, namespace: Namespace, fates: Sequence[Fate], spawn: Spawn) -> None:
        self.held = asyncio.Event()
        self._namespace = namespace
        self._fates = fates
        self._spawn = spawn
        self._pods = 0

    async def run(self) -> None:
        """Act on every change until cancelled."""
        while True:
            changed = self._namespace.changed
            await self._collect()
            for job in self._namespace.all(JOBS):
                if not job["metadata"].get("deletionTimestamp") and not is_finished(job):
                    await self._follow(job)
            await changed.wait()

    async def _collect(self) -> None:
        """Delete what has an owner that is gone, and let go what waits for its dependents."""
        for plural in (JOBS, PODS):
            for body in self._namespace.all(plural):
                if any(uid in self._namespace.deleted for uid in owners(body)):
                    await self._delete(plural, body)
        for job in self._namespace.all(JOBS):
            if "foregroundDeletion" in job["metadata"].get("finalizers", ()):
                pods = self._namespace.owned(PODS, uid_of(job))
                for pod in pods:
                    await self._delete(PODS, pod)
                if not pods:
                    await self._namespace.patch(JOBS, _name(job), {"metadata": {"finalizers": None}})

    async def _delete(self, plural: str, body: Body) -> None:
        """Delete an object; a pod on a node has its grace, and goes when its kubelet says so."""
        options: dict[str, Any] = {"propagationPolicy": "Background", "preconditions": {"uid": uid_of(body)}}
        if not body["spec"].get("nodeName"):
            options["gracePeriodSeconds"] = 0
        elif "deletionTimestamp" in body["metadata"]:
            return
        await self._namespace.delete(plural, _name(body), **options)

    async def _follow(self, job: Body) -> None:
        """Make the Job's next pod, or end the Job."""
        pods = self._namespace.owned(PODS, uid_of(job))
        failures = [pod for pod in pods if _counts(pod)]
        last = _exit_code(pods[-1]) if pods else None
        if last == 0:
            await self._report(job, objects.job_complete())
        elif last in _FINAL and not _is_disrupted(pods[-1]):
            await self._report(job, objects.job_failed("PodFailurePolicy", _by_rule(job, pods[-1])))
        elif len(failures) > job["spec"]["backoffLimit"]:
            words = "Job has reached the specified backoff limit"
            await self._report(job, objects.job_failed("BackoffLimitExceeded", words, len(failures)))
        elif all(_has_ended(pod) for pod in pods):
            await self._next_pod(job, len(pods), len(failures))

    async def _next_pod(self, job: Body, number: int, failures: int) -> None:
        if self.held.is_set() or job["spec"].get("suspend"):
            return
        pod = objects.pod_of(dict(job))
        pod["metadata"]["name"] = f"{_name(job)}-{number + 1}"
        made = await self._namespace.create(PODS, pod)
        if made is None:
            return
        active = objects.job_active()
        active["status"]["startTime"] = status(job).get("startTime") or active["status"]["startTime"]
        await self._report(job, {"status": {**active["status"], "failed": failures}})
        fate = self._fates[min(self._pods, len(self._fates) - 1)]
        self._pods += 1
        self._spawn(fate(Pod(self._namespace, made)))

    async def _report(self, job: Body, patch: Body) -> None:
        await self._namespace.patch(JOBS, f"{_name(job)}/status", patch)


def is_finished(job: Body) -> bool:
    """Return whether a Job has ended."""
    conditions = status(job).get("conditions") or ()
    return any(each["type"] in ("Complete", "Failed") and each["status"] == "True" for each in conditions)


def _by_rule(job: Body, pod: Body) -> str:
    return (
        f"Container runner for pod {job['metadata']['namespace']}/{_name(pod)} failed with exit code "
        f"{_exit_code(pod)} matching FailJob rule at index 2"
    )


def _counts(pod: Body) -> bool:
    return _exit_code(pod) not in (None, 0, ExitCode.PREEMPTED) and not _is_disrupted(pod)


def _has_ended(pod: Body) -> bool:
    return status(pod).get("phase") in ("Succeeded", "Failed")


def _is_disrupted(pod: Body) -> bool:
    return any(each["type"] == "DisruptionTarget" for each in status(pod).get("conditions") or ())


def _exit_code(pod: Body) -> int | None:
    for container in status(pod).get("containerStatuses") or ():
        ended = (container.get("state") or {}).get("terminated")
        if ended:
            return int(ended["exitCode"])
    return None


def _name(body: Body) -> str:
    return str(body["metadata"]["name"])
