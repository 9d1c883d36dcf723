"""Reconciles a resource by its key: observe, plan, apply; one status write at most, if it differs."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NoReturn, Protocol

from segcompress_operator.cluster import Cluster, NameTakenError
from segcompress_operator.errors import GoneError, OperatorError, RefusedError, RetryableError
from segcompress_operator.kinds import JOBS, PODS, SWEEPS, Kind, Ref
from segcompress_operator.logs import about, add_to_subject
from segcompress_operator.planning.facts import Facts, facts_of
from segcompress_operator.planning.observed import Resource
from segcompress_operator.planning.parsing import Body
from segcompress_operator.planning.plan import Deletion, Observed, Plan, Refusal
from segcompress_operator.planning.statuses import status_patch
from segcompress_operator.queue import WorkQueue
from segcompress_operator.resources.names import (
    BATCH_JOB_NAME_LABEL,
    CONTROLLER_UID_LABEL,
    SELECTOR,
    labels,
    start_of,
)
from segcompress_operator.writes import write_status

logger = logging.getLogger(__name__)

PlanMaker = Callable[[Resource, Observed, datetime], Plan]
CountRound = Callable[[float, Exception | None], None]
"""Takes the duration of a reconciliation in seconds, and the error that stopped it."""


class Known(Protocol):
    """What a controller reads, and where it puts what it learns."""

    def resource(self, ref: Ref) -> Resource | None:
        """Return the resource, None where it is gone."""

    def observe(self, resource: Resource) -> Observed:
        """Return what is known of its children."""

    def note_refusal(self, resource: Resource, refusal: Refusal) -> None:
        """Remember why a child cannot be made."""

    def written(self, body: Body) -> None:
        """Take in the answer to a write of the resource."""

    def job_written(self, body: Body) -> None:
        """Take in the answer to a write of a Job."""

    def pods_listed(self, job_uid: str, bodies: Iterable[Body]) -> None:
        """Take in all pods of a Job that has ended."""

    def left_listed(self, resource: Resource, bodies: Iterable[Body]) -> None:
        """Take in orphaned pods of the resource's Jobs."""


class Controller:
    """Brings the resources of one kind to where `plan` wants them."""

    def __init__(
        self,
        known: Known,
        plan: PlanMaker,
        cluster: Cluster,
        clock: Callable[[], datetime],
        tell: Callable[[Facts], None] = lambda _: None,
    ) -> None:
        self._known = known
        self._tell = tell
        self._plan_for = plan
        self._cluster = cluster
        self._clock = clock

    async def reconcile(self, ref: Ref) -> float | None:
        """Reconcile once; return the seconds until the next time, None to wait for a watch event."""
        resource = self._known.resource(ref)
        if resource is None:
            return None
        plan = self._plan(resource)
        if plan.read_events_of is not None:
            plan = await self._with_events(resource, plan.read_events_of)
        elif plan.list_pods_of is not None:
            plan = await self._list_pods(resource, plan.list_pods_of)
        # The pods of a lost result may show that orphaned pods of another start must be listed.
        if plan.list_left_of:
            plan = await self._list_left(resource, plan.list_left_of)
        try:
            return (await self._apply(resource, plan)).requeue_after
        except GoneError:
            logger.debug("%s: is gone", ref)
            return None

    def _plan(self, resource: Resource) -> Plan:
        observed = self._known.observe(resource)
        if observed.pods:
            add_to_subject(attempt=observed.pods[-1].name)
        return self._plan_for(resource, observed, self._clock())

    async def _with_events(self, resource: Resource, job_uid: str) -> Plan:
        message, said = "", None
        try:
            message, said = await self._cluster.pod_refusal(resource.namespace, job_uid)
        except RefusedError as error:
            logger.warning("%s: cannot tell why its Job gets no pod: %s", resource.ref, error)
        self._known.note_refusal(resource, Refusal("Pod", message, self._clock(), said=said))
        return self._plan(resource)

    async def _list_pods(self, resource: Resource, job_uid: str) -> Plan:
        """Plan with the pods that the API server has: a watch may be late."""
        query = {"labelSelector": f"{CONTROLLER_UID_LABEL}={job_uid}"}
        self._known.pods_listed(job_uid, await self._cluster.find(PODS, resource.namespace, query))
        return self._plan(resource)

    async def _list_left(self, resource: Resource, job_names: tuple[str, ...]) -> Plan:
        """Plan with a Job that has only lost its labels, or otherwise with orphaned pods."""
        for name in job_names:
            try:
                if await self._find_again(resource, name):
                    return self._plan(resource)
            except RefusedError as error:
                plan = self._replan(resource, name, error)
                if plan.list_left_of:  # without an answer there is nothing to report
                    raise
                return plan
        query = {"labelSelector": f"{SELECTOR},{BATCH_JOB_NAME_LABEL} in ({','.join(job_names)})"}
        self._known.left_listed(resource, await self._cluster.find(PODS, resource.namespace, query))
        return self._plan(resource)

    async def _find_again(self, resource: Resource, name: str) -> bool:
        """Restore the labels of the resource's Job; return whether it exists."""
        job = Ref(JOBS, resource.namespace, name)
        try:
            ours = labels(resource.owner.name, start_of(name))
            self._known.job_written(await self._cluster.relabel(job, resource.uid, ours))
        except (GoneError, NameTakenError):
            return False
        return True

    async def _apply(self, resource: Resource, plan: Plan) -> Plan:
        """Write what the plan says; return the plan that was carried out in the end.

        Where the Job could not be made for now, the status says so before the error asks for another try.
        """
        failure: RetryableError | None = None
        manifest = plan.create
        if manifest is not None:
            try:
                plan = await self._create(resource, manifest, plan)
            except RetryableError as error:
                failure, plan = error, self._replan(resource, manifest["metadata"]["name"], error)
        if plan.status is not None:
            patch = status_patch(resource.status, plan.status)
            if patch:
                facts = facts_of(resource, self._known.observe(resource), plan.status)
                await self._write(resource, patch, plan, facts)
        if plan.delete is not None:
            await self._delete(resource, plan.delete)
        for change in plan.ttl:
            job = Ref(JOBS, resource.namespace, change.job_name)
            body = {"spec": {"ttlSecondsAfterFinished": change.seconds}}
            self._known.job_written(await self._cluster.patch(job, body))
        if failure is not None:
            raise failure
        return plan

    async def _create(self, resource: Resource, manifest: Mapping[str, Any], plan: Plan) -> Plan:
        """Create the Job; where that is refused, return the plan that says so."""
        name = manifest["metadata"]["name"]
        try:
            self._known.job_written(await self._cluster.create(manifest))
        except NameTakenError:
            observed = replace(self._known.observe(resource), conflict=name)
            return self._plan_for(resource, observed, self._clock())
        except RefusedError as error:
            return self._replan(resource, name, error)
        logger.info("%s: made Job %s", resource.ref, name)
        return plan

    def _replan(self, resource: Resource, job_name: str, error: RefusedError | RetryableError) -> Plan:
        """Plan again, knowing why the Job was not created."""
        message = f"Job {job_name} was not created: {error}"
        final = isinstance(error, RefusedError) and error.final
        transient = isinstance(error, RetryableError)
        refusal = Refusal("Job", message, self._clock(), final=final, transient=transient)
        self._known.note_refusal(resource, refusal)
        return self._plan(resource)

    async def _delete(self, resource: Resource, deletion: Deletion) -> None:
        """Delete the Job; one that is gone already needs none."""
        job = Ref(JOBS, resource.namespace, deletion.job_name)
        try:
            self._known.job_written(await self._cluster.delete(job, deletion.uid, deletion.version))
        except GoneError:
            logger.debug("%s: is gone", job)
        else:
            logger.info("%s: deleted Job %s", resource.ref, deletion.job_name)

    async def _write(self, resource: Resource, patch: dict[str, Any], plan: Plan, facts: Facts) -> None:
        """Write the status, take in the answer, and only then tell of it."""

        def written(body: Body) -> None:
            self._known.written(body)
            self._tell(facts)

        await write_status(self._cluster, resource, patch, written, plan.announcements)


class Reconciler(Protocol):
    """Brings resources to their desired state."""

    async def reconcile(self, ref: Ref) -> float | None:
        """Reconcile once; return the seconds until the next time, None to wait for a watch event."""


class Workers:
    """Takes keys from the queue of each kind to the kind's controller.

    Each kind has workers of its own, as in controller-runtime: a sweep's reconciliation may take a second
    while it creates trials, and no run waits for that.
    """

    def __init__(
        self,
        queues: Mapping[Kind, WorkQueue[Ref]],
        controllers: Mapping[Kind, Reconciler],
        count: CountRound = lambda *_: None,
    ) -> None:
        self._queues = queues
        self._count = count
        self._controllers = controllers

    async def run(self, workers: int) -> None:
        """Work until cancelled, with so many workers for each kind."""
        async with asyncio.TaskGroup() as group:
            for queue in self._queues.values():
                for _ in range(workers):
                    group.create_task(self._work(queue))

    def close(self) -> None:
        """Drop the delays of all keys."""
        for queue in self._queues.values():
            queue.close()

    async def _work(self, queue: WorkQueue[Ref]) -> NoReturn:
        while True:
            ref = await queue.get()
            began = time.monotonic()
            try:
                with about(**{_subject(ref.kind): f"{ref.namespace}/{ref.name}"}):
                    error = await self._attempt(ref, queue)
                self._count(time.monotonic() - began, error)
            finally:
                queue.done(ref)

    async def _attempt(self, ref: Ref, queue: WorkQueue[Ref]) -> Exception | None:
        """Reconcile; whatever goes wrong with one key is logged, tried again, and stops no other."""
        try:
            again = await self._controllers[ref.kind].reconcile(ref)
        except RetryableError as error:
            delay = queue.retry(ref, error.retry_after or 0.0)
            logger.info("%s: %s; retrying in %.1f s", ref, error, delay)
            return error
        except OperatorError as error:
            logger.warning("%s: %s; retrying in %.1f s", ref, error, queue.retry(ref))
            return error
        except Exception as error:
            logger.exception(
                "%s: a bug stopped this reconciliation; retrying in %.1f s", ref, queue.retry(ref)
            )
            return error
        queue.succeeded(ref)
        if again is not None:
            queue.add_after(ref, again)
        return None


def _subject(kind: Kind) -> str:
    """Return the field of a log line that names an object of that kind."""
    return "sweep" if kind == SWEEPS else "job"
