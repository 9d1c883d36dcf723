"""The model's world: a cluster with users, and streams that are late, repeat and lose events."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from segcompress_operator.kinds import COMPRESSION_JOBS, JOBS, PODS, Kind, Ref
from segcompress_operator.planning.parsing import parse_job, parse_pod, parse_resource
from segcompress_operator.runs import Runs
from segcompress_operator.watching.store import Record, Store
from unit.operator.modelled import Body, Truth

KINDS = (COMPRESSION_JOBS, JOBS, PODS)
NAMES = ("one", "two")

kinds, names = st.sampled_from(KINDS), st.sampled_from(NAMES)
codes = st.sampled_from([0, 1, 5, 137])

PARSE: Mapping[Kind, Callable[[Body], Record]] = {
    COMPRESSION_JOBS: parse_resource,
    JOBS: parse_job,
    PODS: parse_pod,
}


@dataclass
class Stream:
    """How far the history of a kind was delivered; a gap must be mended by a LIST."""

    delivered: int = 0
    broken: bool = True


class World(RuleBasedStateMachine):
    """What users and the cluster do to the truth, and what the streams tell the stores of it."""

    def __init__(self) -> None:
        super().__init__()
        self.truth = Truth()
        self.woken: set[Ref] = set()
        self.runs = Runs(self.woken.add)
        self.sinks = self.runs.sinks()
        self.streams = {kind: Stream() for kind in KINDS}
        for kind in KINDS:
            self.relist(kind)

    # What users and the cluster do.

    @rule(name=names, suspend=st.booleans())
    def apply_or_replace(self, name: str, *, suspend: bool = False) -> None:
        existing = self.truth.named(COMPRESSION_JOBS, name)
        if existing is not None:
            self.truth.remove(COMPRESSION_JOBS, existing["metadata"]["uid"])
        self.truth.apply(name, suspend=suspend)

    @rule(name=names, suspend=st.booleans())
    def suspend_or_resume(self, name: str, *, suspend: bool) -> None:
        existing = self.truth.named(COMPRESSION_JOBS, name)
        if existing is not None:
            self.truth.suspend(existing, suspend=suspend)

    @rule(name=names)
    def delete(self, name: str) -> None:
        existing = self.truth.named(COMPRESSION_JOBS, name)
        if existing is not None:
            self.truth.remove(COMPRESSION_JOBS, existing["metadata"]["uid"])

    @rule()
    def collect_garbage(self) -> None:
        self.truth.collect()

    @rule(seconds=st.sampled_from([1, 20, 100]))
    def wait(self, seconds: int) -> None:
        self.truth.seconds += seconds

    @rule(code=codes)
    def go_on_with_a_run(self, code: int) -> None:
        """Let the Job controller or the kubelet take the next step of every live Job."""
        for _, job in [*self.truth.live_jobs()]:
            pods = self.truth.owned(PODS, job["metadata"]["uid"])
            last = pods[-1] if pods else None
            if "deletionTimestamp" in job["metadata"]:
                self.truth.finish_deletion(job, pods, code)
            elif last is None or last["status"]["phase"] == "Failed":
                self.truth.start_pod(job)
            elif last["status"]["phase"] == "Running":
                self.truth.end_pod(last, code)
            else:
                self.truth.finish(job)

    @precondition(lambda self: self.truth.objects[PODS])
    @rule()
    def lose_a_pod(self) -> None:
        self.truth.remove(PODS, next(iter(self.truth.objects[PODS])))

    @precondition(lambda self: self.truth.objects[JOBS])
    @rule()
    def lose_a_job(self) -> None:
        self.truth.remove(JOBS, next(iter(self.truth.objects[JOBS])))

    # What streams tell.

    @rule(kind=kinds, count=st.integers(1, 5))
    def tell(self, kind: Kind, count: int) -> None:
        stream = self.streams[kind]
        if stream.broken:
            return
        for type_, body in self.truth.history[kind][stream.delivered : stream.delivered + count]:
            (self.sinks[kind].gone if type_ == "DELETED" else self.sinks[kind].seen)(body)
            self.sinks[kind].moved(None, body["metadata"]["resourceVersion"])
            stream.delivered += 1

    @rule(kind=kinds, count=st.integers(1, 5))
    def repeat(self, kind: Kind, count: int) -> None:
        """Let the watch begin again at an earlier version."""
        self.streams[kind].delivered = max(0, self.streams[kind].delivered - count)

    @rule(kind=kinds)
    def lose_events(self, kind: Kind) -> None:
        self.streams[kind] = Stream(len(self.truth.history[kind]), broken=True)

    @rule(kind=kinds)
    def relist(self, kind: Kind) -> None:
        objects = self.truth.objects[kind]
        for body in objects.values():
            self.sinks[kind].seen(body)
        self.sinks[kind].listed(None, str(self.truth.version), set(objects))
        self.streams[kind] = Stream(len(self.truth.history[kind]), broken=False)
        assert self.known(kind) == {
            body["metadata"]["uid"]: parsed(kind, body).resource_version for body in objects.values()
        }

    def known(self, kind: Kind) -> dict[str, str]:
        """Return the versions in the store, without pods kept for their last words."""
        stores: dict[Kind, Store[Any]] = {
            COMPRESSION_JOBS: self.runs._resources,
            JOBS: self.runs._jobs,
            PODS: self.runs._pods,
        }
        store = stores[kind]
        return {record.uid: record.resource_version for record in store if record.uid not in store._gone}


def parsed(kind: Kind, body: Body) -> Record:
    return PARSE[kind](body)
