"""What the operator sees: the few facts of a resource, its Jobs and their Pods that decisions rest on.

The stores keep these small records and not the objects; `parsing` makes them. Two records are equal where
their facts are, whatever their versions.
"""

from dataclasses import dataclass, field
from datetime import datetime

from segcompress_operator.kinds import COMPRESSION_JOBS, Ref
from segcompress_operator.resources.names import Owner


@dataclass(frozen=True, slots=True)
class TrialMark:
    """What marks a SegCompressionJob as a trial: its sweep, its index, its parameters in JSON."""

    sweep_uid: str
    index: int
    parameters: str


class Owning:
    """A record of an object that owns others; `owner` identifies it."""

    __slots__ = ()

    owner: Owner

    @property
    def uid(self) -> str:
        """The object's uid."""
        return self.owner.uid

    @property
    def namespace(self) -> str:
        """The object's namespace."""
        return self.owner.namespace


@dataclass(frozen=True, slots=True)
class Resource(Owning):
    """A SegCompressionJob; `spec` and `status` are JSON.

    Once its end stands in its status, only phase, figures and the Finished condition are kept of that, and
    nothing of the spec.
    """

    owner: Owner
    generation: int
    resource_version: str = field(compare=False)
    created: datetime
    deleting: bool
    finished: bool
    settled: bool
    ttl: int | None
    suspend: bool
    preemption_limit: int
    spec: bytes
    oversized: str
    """Which part of the spec makes it too large to be kept, "" where it is not."""
    status: bytes
    phase: str = ""
    written: datetime | None = field(default=None, compare=False)
    """When the status was written last."""
    trial: TrialMark | None = None

    @property
    def ref(self) -> Ref:
        """Its key."""
        return Ref(COMPRESSION_JOBS, self.owner.namespace, self.owner.name)

    @property
    def owner_uid(self) -> str:
        """The sweep that it is a trial of, "" where it is none."""
        return "" if self.trial is None else self.trial.sweep_uid


@dataclass(frozen=True, slots=True)
class ObservedJob:
    """A batch/v1 Job of ours; `failure` is the reason of its Failed condition, if it failed."""

    uid: str
    namespace: str
    name: str
    owner_uid: str
    start: int
    resource_version: str = field(compare=False)
    created: datetime
    deleting: bool
    suspended: bool
    ending: bool
    """Whether the Job controller has decided the outcome and waits for the last pods to end."""
    complete: bool
    failure: str | None
    failure_message: str
    active_pods: int
    failed_pods: int
    failed_before: int
    """Pods that failed in Jobs of the same start that are gone."""
    backoff_limit: int
    deadline_seconds: int
    ttl: int | None
    started: datetime | None
    ended: datetime | None
    queue: str
    manager: str
    """Who runs it in the place of this cluster's Job controller, "" for nobody."""

    @property
    def finished(self) -> bool:
        """Whether no pod of it runs or will run."""
        return self.complete or self.failure is not None


@dataclass(frozen=True, slots=True)
class ObservedPod:
    """A pod of a Job of ours, and how its runner container stands."""

    uid: str
    namespace: str
    name: str
    owner_uid: str
    """Its Job's uid."""
    resource_version: str = field(compare=False)
    created: datetime
    terminal: bool
    deleting: bool
    released: bool
    """Whether the Job controller deleted it and will not count its end: the Job was suspended, or is over."""
    ends_by: datetime | None
    """When a pod that is being deleted has to have ended, its grace included."""
    node: str
    running: bool
    disrupted: bool
    exit_code: int | None
    out_of_memory: bool
    message: str
    """The termination message: a RunResult, or the last log lines."""
    verdict: str
    """Why the kubelet or a controller ended the pod, in its words."""
    waiting_reason: str
    waiting_message: str
    unscheduled: str
    """The scheduler's message, where it found no node."""
    started: datetime | None
    finished: datetime | None

    @property
    def may_run(self) -> bool:
        """Whether it computes, or may yet: a pod that is deleted before it was bound to a node never will."""
        never = self.deleting and not self.node and self.started is None
        return not (self.terminal or never)
