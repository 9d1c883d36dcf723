"""What becomes of a pod: fates that a scenario chooses, played as a kubelet would."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from faults.history import PODS, Body
from faults.namespace import Namespace, uid_of
from integration.operator import objects

PATIENCE_SECONDS = 3.0
"""A pod takes its next step once the resource tells of the one before, or after so long: no kubelet waits."""


GRACE_SECONDS = 1.0


class Pod:
    """One pod and its kubelet."""

    def __init__(self, namespace: Namespace, body: Body) -> None:
        self.name = str(body["metadata"]["name"])
        self._uid = uid_of(body)
        self._namespace = namespace

    async def report(self, patch: Body) -> None:
        """Write the pod's status, and not that of another that has its name by now."""
        body = {"metadata": {"uid": self._uid}, **patch}
        await self._namespace.patch(PODS, f"{self.name}/status", body)

    async def waits(self, reason: str, message: str) -> None:
        """Report that the container cannot start, and leave it so until the resource says it."""
        await self.report(objects.pod_status("Pending", {"waiting": {"reason": reason, "message": message}}))
        await self._told(message)

    async def runs(self) -> None:
        """Report that the container runs."""
        await self.report(objects.pod_running())
        await self._told(f"pod {self.name} is running")

    async def ends(self, code: int, message: str = "", **more: Any) -> None:
        """Report that the container has ended."""
        await self.report(objects.pod_ended(code, message, **more))

    async def binds(self, node: str) -> None:
        """Do what the scheduler does."""
        target = {"apiVersion": "v1", "kind": "Node", "name": node}
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": self.name}, "target": target}
        await self._namespace.create(PODS, binding, f"/{self.name}/binding")

    async def is_deleted(self, grace_seconds: int) -> None:
        """Delete it with a grace, which nobody on its node takes note of."""
        await self._delete(grace_seconds)

    async def until_deleted(self) -> None:
        """Wait until somebody has deleted it."""
        await self._namespace.until(
            lambda: (
                "deletionTimestamp" in self._namespace.objects[PODS].get(self.name, {}).get("metadata", {})
            )
        )

    async def goes(self) -> None:
        """Do what a kubelet does last with a pod that was deleted."""
        await self._delete(0)

    async def _delete(self, grace_seconds: int) -> None:
        this = {"preconditions": {"uid": self._uid}}
        await self._namespace.delete(PODS, self.name, gracePeriodSeconds=grace_seconds, **this)

    async def until_told(self, words: str) -> None:
        """Wait until the resource says these words."""
        await self._namespace.until(lambda: self._namespace.says(words))

    async def user_is_done(self) -> None:
        """Wait until the scenario's user has done everything."""
        await self._namespace.user_is_done.wait()

    async def _told(self, words: str) -> None:
        await self._namespace.within(PATIENCE_SECONDS, lambda: self._namespace.says(words))


Fate = Callable[[Pod], Coroutine[Any, Any, None]]


def ends(code: int, message: str = "", **more: Any) -> Fate:
    """Return the fate of a pod that runs and ends."""

    async def play(pod: Pod) -> None:
        await pod.runs()
        await pod.ends(code, message, **more)

    return play


def waits(reason: str, message: str, then: Fate) -> Fate:
    """Return the fate of a pod that waits before that of `then`."""

    async def play(pod: Pod) -> None:
        await pod.waits(reason, message)
        await then(pod)

    return play


def runs_until_user_is_done(then: Fate) -> Fate:
    """Return the fate of a pod that goes the way of `then` once the user has done all that is to be done."""

    async def play(pod: Pod) -> None:
        await pod.runs()
        await pod.user_is_done()
        await then(pod)

    return play


def runs_until_deleted(code: int, message: str = "") -> Fate:
    """Return the fate of a pod that runs on a node until it is deleted, and for a part of its grace."""

    async def play(pod: Pod) -> None:
        await pod.binds("gpu-1")
        await pod.runs()
        await pod.until_deleted()
        await asyncio.sleep(GRACE_SECONDS)
        await pod.ends(code, message)
        await pod.goes()

    return play


async def runs_on(pod: Pod) -> None:
    """Run without an end."""
    await pod.runs()
    await asyncio.Event().wait()


async def never_starts(pod: Pod) -> None:
    """Stay as the Job controller made it."""
    await asyncio.Event().wait()
    await pod.runs()
