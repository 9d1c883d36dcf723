"""The loop: observe, plan, apply. One round for one key; one status write a round, and only if it differs."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from segcompress_operator.cluster import Cluster, NameTakenError
from segcompress_operator.errors import GoneError, OperatorError, RefusedError, RetryableError
from segcompress_operator.index import Index
from segcompress_operator.planning.job import plan_job
from segcompress_operator.planning.observed import Resource
from segcompress_operator.planning.plan import Plan, Refusal
from segcompress_operator.planning.statuses import parse_status, status_patch
from segcompress_operator.queue import WorkQueue
from segcompress_operator.settings import RunnerSettings

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]


class Reconciler:
    """Brings resources to where they should be, key by key."""

    def __init__(
        self, index: Index, queue: WorkQueue, cluster: Cluster, settings: RunnerSettings, clock: Clock
    ) -> None:
        self._index = index
        self._queue = queue
        self._cluster = cluster
        self._settings = settings
        self._clock = clock

    async def run(self, workers: int) -> None:
        """Work until cancelled, once the index holds what is in the cluster."""
        await self._index.ready.wait()
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            key = await self._queue.get()
            try:
                await self._attempt(key)
            finally:
                self._queue.done(key)

    async def _attempt(self, key: str) -> None:
        """Reconcile; whatever goes wrong with one key is logged, tried again, and stops no other."""
        try:
            again = await self.reconcile(key)
        except RetryableError as error:
            delay = self._queue.retry(key, error.retry_after or 0.0)
            logger.info("%s: %s; again in %.1f s", key, error, delay)
        except OperatorError as error:
            logger.warning("%s: %s; again in %.1f s", key, error, self._queue.retry(key))
        except Exception:
            logger.exception("%s: a bug stopped this round; again in %.1f s", key, self._queue.retry(key))
        else:
            self._queue.succeeded(key)
            if again is not None:
                self._queue.add_after(key, again)

    async def reconcile(self, key: str) -> float | None:
        """Do one round; return the seconds after which to look again, None where a watch will tell."""
        resource = self._index.resource(key)
        if resource is None:
            return None
        if not resource.finished:
            attempts = parse_status(resource.status).attempts
            self._index.count_preemptions(resource, attempts.preempted if attempts else 0)
        plan = self._plan(resource)
        if plan.look_at is not None:
            plan = await self._look(resource, plan.look_at)
        try:
            return (await self._apply(resource, plan)).requeue_after
        except GoneError:
            logger.debug("%s: is gone", key)
            return None

    def _plan(self, resource: Resource) -> Plan:
        return plan_job(resource, self._index.observe(resource), self._settings, self._clock())

    async def _look(self, resource: Resource, job_uid: str) -> Plan:
        try:
            message = await self._cluster.pod_refusal(resource.owner.namespace, job_uid)
        except RefusedError as error:
            logger.warning("%s: cannot tell why its Job gets no pod: %s", resource.key, error)
            message = ""
        self._index.note_refusal(resource, Refusal("Pod", message, self._clock()))
        return self._plan(resource)

    async def _apply(self, resource: Resource, plan: Plan) -> Plan:
        """Write what the plan says; return the plan that was carried out in the end."""
        if plan.create is not None:
            plan = await self._create(resource, plan.create, plan)
        if plan.status is not None:
            patch = status_patch(resource.status, plan.status)
            if patch:
                await self._write(resource, patch, plan)
        for change in plan.ttl:
            self._index.see_job(await self._cluster.patch_ttl(resource.owner.namespace, change))
        return plan

    async def _create(self, resource: Resource, manifest: Any, plan: Plan) -> Plan:
        """Create the Job; where that is refused, return the plan that says so."""
        name = manifest["metadata"]["name"]
        try:
            self._index.see_job(await self._cluster.create_job(manifest))
        except NameTakenError:
            observed = replace(self._index.observe(resource), conflict=name)
            return plan_job(resource, observed, self._settings, self._clock())
        except RefusedError as error:
            message = f"the API server refuses Job {name}: {error}"
            self._index.note_refusal(resource, Refusal("Job", message, self._clock(), error.final))
            return self._plan(resource)
        logger.info("%s: made Job %s", resource.key, name)
        return plan

    async def _write(self, resource: Resource, patch: dict[str, Any], plan: Plan) -> None:
        """Write the status, take in the answer, and only then tell of it."""
        self._index.see_resource(await self._cluster.patch_status(resource, patch))
        for said in plan.announcements:
            logger.info("%s: %s: %s", resource.key, said.reason, said.message)
            await self._cluster.post_event(resource, said)
