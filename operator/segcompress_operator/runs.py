"""What is known of SegCompressionJobs and their runs; reading here costs the API server nothing.

Pods that ended stay until their Job goes: what was seen once need not be read again.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from segcompress_api.progress import ProgressReport
from segcompress_operator.kinds import COMPRESSION_JOBS, JOBS, PODS, Kind, Ref
from segcompress_operator.left import LeftPods
from segcompress_operator.planning.bodies import JobBody, PodBody, ResourceBody
from segcompress_operator.planning.observed import ObservedJob, ObservedPod, Resource
from segcompress_operator.planning.parsing import Body, parse_job, parse_pod, parse_resource
from segcompress_operator.planning.plan import Observed, Refusal, Reported
from segcompress_operator.resources.names import SELECTOR, runner_job_name
from segcompress_operator.watching.sinks import StoreSink
from segcompress_operator.watching.store import NamedStore, Scope, Store
from segcompress_operator.watching.stream import Sink


class Parents(Protocol):
    """Who has resources as their children."""

    def child_changed(self, old: Resource | None, new: Resource | None) -> None:
        """Note that a resource was added, changed or deleted."""

    def scope_listed(self, scope: Scope) -> None:
        """Note that another kind of a scope was listed."""


class Runs:
    """Calls `wake` with a resource's key where facts about its run changed and its namespace is known.

    `parents`, where there are any, hear of every change of a resource.
    """

    def __init__(self, wake: Callable[[Ref], None]) -> None:
        self.parents: Parents | None = None
        self._wake = wake
        self._resources: NamedStore[Resource] = NamedStore(self._resource_changed, self._scope_listed)
        self._jobs: Store[ObservedJob] = Store(self._job_changed, self._scope_listed)
        self._pods: Store[ObservedPod] = Store(self._pod_changed, self._scope_listed, self._has_last_words)
        self._refusals: dict[str, Refusal] = {}
        self._asked: set[str] = set()
        self._reports: dict[str, Reported] = {}
        self._stops: dict[str, str] = {}
        self._left = LeftPods()

    def sinks(self) -> Mapping[Kind, Sink]:
        """Return where the stream of each kind goes."""
        return {
            COMPRESSION_JOBS: StoreSink(self._resources, parse_resource, ResourceBody),
            JOBS: StoreSink(self._jobs, parse_job, JobBody),
            PODS: StoreSink(self._pods, self._parse_pod, PodBody),
        }

    def resource(self, ref: Ref) -> Resource | None:
        """Return the resource, None if it is gone or its namespace is not listed yet."""
        resource = self._resources.named(ref)
        return resource if resource is not None and self.is_known(resource.namespace) else None

    def observe(self, resource: Resource) -> Observed:
        """Return the observed state of the resource's run."""
        owner = resource.uid
        jobs = sorted((job for job in self._jobs.owned(owner) if _is_named_for(job, resource)), key=_start)
        owned = self._pods.owned(jobs[-1].uid) if jobs else ()
        pods = [pod for pod in owned if pod.namespace == resource.namespace]
        pods.sort(key=lambda pod: (pod.created, pod.name))
        return Observed(
            jobs=tuple(jobs),
            pods=tuple(pods),
            reported=self._reports.get(pods[-1].uid) if pods else None,
            stop=self._stops.get(owner, ""),
            refusal=self._refusals.get(owner),
            asked=bool(jobs) and jobs[-1].uid in self._asked,
            left=self._orphaned(owner),
            job_went=self._left.may_have(owner, resource.namespace),
        )

    def owned(self, owner_uid: str) -> list[Resource]:
        """Return the resources with that controller."""
        return self._resources.owned(owner_uid)

    def phases(self) -> Mapping[str, int]:
        """Count the resources by phase; one that nobody has seen to yet is pending."""
        return Counter(resource.phase or "Pending" for resource in self._resources)

    def reporter(self, pod_uid: str) -> ObservedPod | None:
        """Return the pod where it is the last one of its run and at work: no other pod tells of progress."""
        pod = self._pods.get(pod_uid)
        resource = None if pod is None else self._resource_of(pod)
        if pod is None or pod.terminal or resource is None or resource.finished:
            return None
        pods = self.observe(resource).pods
        return pod if pods and pods[-1].uid == pod_uid else None

    def last_report(self, pod_uid: str) -> Reported | None:
        """Return what the pod told last."""
        return self._reports.get(pod_uid)

    def take_report(self, pod: ObservedPod, report: ProgressReport, now: datetime) -> None:
        """Take in what a pod tells of its progress."""
        self._reports[pod.uid] = Reported(report, now)
        self._changed(self._resource_of(pod))

    def stop_early(self, uid: str, why: str) -> None:
        """Note that a run's sweep stops it; the run's own reconciliation does so and reports it."""
        resource = self._resources.get(uid)
        if resource is not None and not resource.finished and resource.uid not in self._stops:
            self._stops[resource.uid] = why
            self._changed(resource)

    def note_refusal(self, resource: Resource, refusal: Refusal) -> None:
        """Remember why a Job or pod cannot be created, for later plans."""
        if self._resources.get(resource.uid) is not None:
            self._refusals[resource.uid] = refusal.after(self._refusals.get(resource.uid))

    def written(self, body: Body) -> None:
        """Take in the answer to a write of the resource's status."""
        self._resources.answered(parse_resource(body))

    def job_written(self, body: Body) -> None:
        """Take in the answer to a write of a Job.

        Without our label, no stream tells of its end, except one that has yet to tell that the label is gone.
        """
        job = parse_job(body)
        followed = SELECTOR in (body["metadata"].get("labels") or {}) or self._jobs.get(job.uid) is not None
        if followed and self._resources.get(job.owner_uid) is not None:
            self._refusals.pop(job.owner_uid, None)
            self._jobs.answered(job)

    def pods_listed(self, job_uid: str, bodies: Iterable[Body]) -> None:
        """Take in all pods of a Job that has ended; how one ended stays known where that was seen."""
        listed = [pod for pod in map(self._parse_pod, bodies) if pod.owner_uid == job_uid]
        for pod in listed:
            self._pods.answered(pod)
        here = {pod.uid for pod in listed}
        for pod in self._pods.owned(job_uid):
            if pod.uid not in here:
                self._pods.drop(pod.uid)
        self._asked.add(job_uid)

    def left_listed(self, resource: Resource, bodies: Iterable[Body]) -> None:
        """Take in orphaned pods of the resource's Jobs; their events reconcile it from now on."""
        listed = [*map(self._parse_pod, bodies)]
        for pod in listed:
            self._pods.answered(pod)
        self._left.found(resource.uid, (pod.uid for pod in listed))

    def is_known(self, namespace: str) -> bool:
        """Return whether everything in the namespace has been delivered."""
        return all(store.is_listed(namespace) for store in (self._resources, self._jobs, self._pods))

    def _orphaned(self, owner: str) -> tuple[ObservedPod, ...] | None:
        found = self._left.of(owner)
        pods = filter(None, map(self._pods.get, found or ()))
        left = sorted((pod for pod in pods if pod.may_run), key=lambda pod: (pod.created, pod.name))
        return None if found is None else tuple(left)

    def _scope_listed(self, scope: Scope) -> None:
        """Reconcile every resource of a scope once all of its kinds are listed."""
        if self.parents is not None:
            self.parents.scope_listed(scope)
        if self.is_known(scope or ""):
            within = (pod for pod in self._pods if scope in (None, pod.namespace) and pod.may_run)
            unowned = (pod for pod in within if self._jobs.get(pod.owner_uid) is None)
            self._left.listed_without_job((pod.uid, pod.namespace) for pod in unowned)
        for resource in self._resources:
            if scope in (None, resource.namespace):
                self._changed(resource)

    def _changed(self, resource: Resource | None) -> None:
        if resource is not None and self.is_known(resource.namespace):
            self._wake(resource.ref)

    def _resource_changed(self, old: Resource | None, new: Resource | None) -> None:
        if self.parents is not None:
            self.parents.child_changed(old, new)
        if new is None:
            if old is not None:
                self._forget(old)
            return
        if new.finished:
            self._stops.pop(new.uid, None)
        if new.settled:
            self._forget_messages(new)
            self._left.forget(new.uid)
        self._changed(new)

    def _forget(self, resource: Resource) -> None:
        self._refusals.pop(resource.uid, None)
        self._stops.pop(resource.uid, None)
        self._left.forget(resource.uid)

    def _job_changed(self, old: ObservedJob | None, new: ObservedJob | None) -> None:
        if new is None and old is not None:
            self._asked.discard(old.uid)
            self._pods.forget_gone(old.uid)
        self._job_came_or_went(old, new)
        for owner in dict.fromkeys(job.owner_uid for job in (old, new) if job is not None):
            self._changed(self._resources.get(owner))

    def _job_came_or_went(self, old: ObservedJob | None, new: ObservedJob | None) -> None:
        job = old or new
        resource = None if job is None else self._resources.get(job.owner_uid)
        if job is None or resource is None or resource.finished or not _is_named_for(job, resource):
            return
        if new is None:
            self._left.job_went(resource.uid)
        elif old is None:
            self._left.job_came(resource.uid)

    def _pod_changed(self, old: ObservedPod | None, new: ObservedPod | None) -> None:
        if new is None and old is not None:
            self._reports.pop(old.uid, None)
        pod = new or old
        if pod is not None:
            if new is None or not new.may_run:
                self._left.pod_went(pod.uid)
            self._changed(self._resource_of(pod))

    def _resource_of(self, pod: ObservedPod) -> Resource | None:
        job = self._jobs.get(pod.owner_uid)
        return self._resources.get(self._left.run_of(pod.uid) if job is None else job.owner_uid)

    def _has_last_words(self, pod: ObservedPod) -> bool:
        return pod.terminal and self._jobs.get(pod.owner_uid) is not None

    def _parse_pod(self, body: Body) -> ObservedPod:
        """Return the pod; one that ended while its end was to be counted was counted, and not let go."""
        pod, before = parse_pod(body), self._pods.get(body["metadata"]["uid"])
        if before is not None and before.terminal and not before.released:
            pod = replace(pod, released=False)
        resource = self._resource_of(pod)
        return _without_messages(pod) if resource is not None and resource.settled else pod

    def _forget_messages(self, resource: Resource) -> None:
        """Drop termination messages and reports whose content is in a status."""
        for job in self._jobs.owned(resource.uid):
            for pod in self._pods.owned(job.uid):
                self._pods.replace(_without_messages(pod))
                self._reports.pop(pod.uid, None)


def _start(job: ObservedJob) -> int:
    return job.start


def _is_named_for(job: ObservedJob, resource: Resource) -> bool:
    """Return whether we made the Job: anybody may write our labels and references onto another.

    An owner reference of another namespace means nothing, even if it names the right uid.
    """
    name = runner_job_name(resource.owner.name, resource.uid, job.start)
    return (job.namespace, job.name) == (resource.namespace, name)


def _without_messages(pod: ObservedPod) -> ObservedPod:
    return replace(pod, message="", verdict="")
