"""What the watches last saw, by owner: reconcile reads here and asks the API server for nothing.

Fed by the handlers and by the answers to our own writes; an older version never replaces a newer one
(resource versions of one kind are ordered, KEP-5504). Pods that ended stay until their Job goes: what was
seen once need not be read again.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeVar

from segcompress_operator.planning.observed import (
    Body,
    ObservedJob,
    ObservedPod,
    Resource,
    parse_job,
    parse_pod,
    parse_resource,
)
from segcompress_operator.planning.outcomes import is_preempted
from segcompress_operator.planning.plan import Observed, Refusal
from segcompress_operator.resources.names import runner_job_name

Listing = tuple[str, str | None]
"""A watched kind (plural) and namespace, None for all."""

_Seen = TypeVar("_Seen", Resource, ObservedJob, ObservedPod)


@dataclass(slots=True)
class _Preemptions:
    """Pods of a resource that were preempted: those seen, and the count that others may have begun."""

    total: int
    uids: set[str] = field(default_factory=set)


class Index:
    """Resources by key, Jobs by owner, Pods by Job; `ready` is set once every kind was listed."""

    def __init__(self, listings: Iterable[Listing]) -> None:
        self.ready = asyncio.Event()
        self._unlisted: set[Listing] = set(listings)
        self._awaited: set[str] = set()
        self._resources: dict[str, Resource] = {}
        self._keys: dict[str, str] = {}
        self._jobs: dict[str, ObservedJob] = {}
        self._jobs_of: defaultdict[str, set[str]] = defaultdict(set)
        self._pods: dict[str, ObservedPod] = {}
        self._pods_of: defaultdict[str, set[str]] = defaultdict(set)
        self._refusals: dict[str, Refusal] = {}
        self._preemptions: dict[str, _Preemptions] = {}

    def listed(self, listing: Listing, uids: Collection[str]) -> None:
        """Note that the first LIST of a kind is through; its objects may still be on their way to us."""
        if self.ready.is_set():
            return
        known = (self._keys, self._jobs, self._pods)
        self._awaited.update(uid for uid in uids if not any(uid in seen for seen in known))
        self._unlisted.discard(listing)
        self._arrived("")

    def see_resource(self, body: Body) -> str:
        """Take in a resource; return its key."""
        new = parse_resource(body)
        old = self._resource_of(new.owner.uid)
        if old is None or old.owner.uid != new.owner.uid or _newer(old, new):
            self._resources[new.key] = new
            self._keys[new.owner.uid] = new.key
            if new.settled:
                self._forget_messages(new.owner.uid)
        self._arrived(new.owner.uid)
        return new.key

    def forget_resource(self, body: Body) -> None:
        """Drop a resource that is no more."""
        uid = body["metadata"]["uid"]
        resource = self._resource_of(uid)
        if resource is not None and resource.owner.uid == uid:
            del self._resources[resource.key]
        self._keys.pop(uid, None)
        self._refusals.pop(uid, None)
        self._preemptions.pop(uid, None)
        self._arrived(uid)

    def see_job(self, body: Body) -> str | None:
        """Take in a Job; return its resource's key, None where that is unknown."""
        new = parse_job(body)
        if _newer(self._jobs.get(new.uid), new):
            self._jobs[new.uid] = new
            self._jobs_of[new.owner_uid].add(new.uid)
        self._arrived(new.uid)
        return self._keys.get(new.owner_uid)

    def forget_job(self, body: Body) -> str | None:
        """Drop a Job and its pods; return its resource's key."""
        job = self._jobs.pop(body["metadata"]["uid"], None)
        self._arrived(body["metadata"]["uid"])
        if job is None:
            return None
        _discard(self._jobs_of, job.owner_uid, job.uid)
        for uid in self._pods_of.pop(job.uid, set()):
            del self._pods[uid]
        return self._keys.get(job.owner_uid)

    def see_pod(self, body: Body) -> str | None:
        """Take in a Pod; return its resource's key, None where its Job or resource is unknown."""
        new = parse_pod(body)
        key = self._key_of_job(new.job_uid)
        if _newer(self._pods.get(new.uid), new):
            settled = key is not None and self._resources[key].settled
            self._pods[new.uid] = replace(new, message="") if settled else new
            self._pods_of[new.job_uid].add(new.uid)
        self._arrived(new.uid)
        return key

    def forget_pod(self, body: Body) -> str | None:
        """Take in a Pod's last state; drop it unless it had ended. Return its resource's key."""
        uid = body["metadata"]["uid"]
        if "status" in body:
            self.see_pod(body)
        pod = self._pods.get(uid)
        self._arrived(uid)
        if pod is None:
            return None
        if not pod.terminal or pod.job_uid not in self._jobs:
            del self._pods[uid]
            _discard(self._pods_of, pod.job_uid, uid)
        return self._key_of_job(pod.job_uid)

    def resource(self, key: str) -> Resource | None:
        """Return the resource of that key."""
        return self._resources.get(key)

    def observe(self, resource: Resource) -> Observed:
        """Return what is known of the resource's run."""
        owner = resource.owner.uid
        jobs = sorted((job for job in self._jobs_by(owner) if _is_named_for(job, resource)), key=_start)
        pods = [self._pods[uid] for job in jobs[-1:] for uid in self._pods_of.get(job.uid, ())]
        return Observed(
            jobs=tuple(jobs),
            pods=tuple(sorted(pods, key=lambda pod: (pod.created, pod.name))),
            preempted=self._preemptions[owner].total if owner in self._preemptions else 0,
            refusal=self._refusals.get(owner),
        )

    def count_preemptions(self, resource: Resource, counted: int) -> None:
        """Count the resource's preempted pods, each once; `counted` is what its status says already.

        At the first look the pods in sight are taken to be among those counted: others of them may be gone.
        """
        owner = resource.owner.uid
        jobs = self._jobs_of.get(owner, ())
        seen = {u for job in jobs for u in self._pods_of.get(job, ()) if is_preempted(self._pods[u])}
        count = self._preemptions.get(owner)
        if count is None:
            self._preemptions[owner] = _Preemptions(max(counted, len(seen)), seen)
        else:
            count.total += len(seen - count.uids)
            count.uids |= seen

    def note_refusal(self, resource: Resource, refusal: Refusal) -> None:
        """Remember why a Job or pod cannot be made; for the plans to come."""
        self._refusals[resource.owner.uid] = refusal

    def _arrived(self, uid: str) -> None:
        if self.ready.is_set():
            return
        self._awaited.discard(uid)
        if not self._unlisted and not self._awaited:
            self.ready.set()

    def _jobs_by(self, owner_uid: str) -> Iterator[ObservedJob]:
        return (self._jobs[uid] for uid in self._jobs_of.get(owner_uid, ()))

    def _resource_of(self, uid: str) -> Resource | None:
        return self._resources.get(self._keys.get(uid, ""))

    def _key_of_job(self, job_uid: str) -> str | None:
        job = self._jobs.get(job_uid)
        return None if job is None else self._keys.get(job.owner_uid)

    def _forget_messages(self, owner_uid: str) -> None:
        """Let go of termination messages whose content stands in a status."""
        for job_uid in self._jobs_of.get(owner_uid, ()):
            for uid in self._pods_of.get(job_uid, ()):
                self._pods[uid] = replace(self._pods[uid], message="", verdict="")


def _start(job: ObservedJob) -> int:
    return job.start


def _is_named_for(job: ObservedJob, resource: Resource) -> bool:
    """Return whether we made the Job: anybody may write our labels and references onto another."""
    return job.name == runner_job_name(resource.owner.name, resource.owner.uid, job.start)


def _newer(old: _Seen | None, new: _Seen) -> bool:
    if old is None or not (old.resource_version.isdecimal() and new.resource_version.isdecimal()):
        return True
    return int(new.resource_version) >= int(old.resource_version)


def _discard(groups: defaultdict[str, set[str]], group: str, uid: str) -> None:
    groups[group].discard(uid)
    if not groups[group]:
        del groups[group]
