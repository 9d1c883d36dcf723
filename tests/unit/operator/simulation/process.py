"""The operator's process: its stores, queues and controllers, wired as `__main__` wires them.

In the place of its streams, a feed per kind delivers what the server tells: late, and with gaps that end
with a LIST.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from segcompress_operator.controller import Controller, Reconciler, Workers
from segcompress_operator.errors import OperatorError
from segcompress_operator.kinds import COMPRESSION_JOBS, SWEEPS, Kind, Ref
from segcompress_operator.planning.job import plan_job
from segcompress_operator.planning.observed import Resource
from segcompress_operator.planning.plan import Observed, Plan
from segcompress_operator.planning.sweeps.observed import Sweep, SweepObserved
from segcompress_operator.planning.sweeps.plan import SweepPlan, plan_sweep
from segcompress_operator.queue import WorkQueue
from segcompress_operator.runs import Runs
from segcompress_operator.sweep_controller import SweepController
from segcompress_operator.sweeps import ROUND_SECONDS, Sweeps
from segcompress_operator.watching.stream import Sink
from unit.operator.samples import NOW, SETTINGS
from unit.operator.simulation.server import KINDS, Body, MemoryCluster, Server, Window

_WORKERS = 4
_FIRST_LIST_SECONDS = (0.05, 1.0)


def plan_run(resource: Resource, observed: Observed, now: datetime) -> Plan:
    return plan_job(resource, observed, SETTINGS, now)


def plan_trials(sweep: Sweep, observed: SweepObserved, now: datetime) -> SweepPlan:
    return plan_sweep(sweep, observed, SETTINGS, now)


@dataclass(frozen=True)
class Late(Window):
    """Events come late, by so many seconds at most."""

    seconds: float = 10.0


@dataclass(frozen=True)
class Gap(Window):
    """Events of a kind are lost until a LIST ends the gap."""

    kind: Kind = COMPRESSION_JOBS


@dataclass(frozen=True)
class Jump:
    """The operator's clock jumps by so many seconds."""

    time: float
    by: float


@dataclass
class Weather:
    """What disturbs the streams and the clock."""

    late: Sequence[Late] = ()
    gaps: Sequence[Gap] = ()
    jumps: Sequence[Jump] = ()


class Feed:
    """Delivers the events of one kind in their order."""

    def __init__(
        self, kind: Kind, sink: Sink, server: Server, weather: Weather, chance: random.Random
    ) -> None:
        self.kind = kind
        self._sink = sink
        self._server = server
        self._weather = weather
        self._chance = chance
        self._due = 0.0
        self._lists = 0
        self._is_open = False
        self._timers = list[asyncio.TimerHandle]()

    def open(self) -> None:
        """LIST after a moment, and from then on deliver events."""
        loop, now = self._server.loop, self._server.loop.time()
        self._timers.append(loop.call_later(self._chance.uniform(*_FIRST_LIST_SECONDS), self._list))
        for gap in self._weather.gaps:
            if gap.kind == self.kind and gap.end > now:
                self._timers.append(loop.call_at(max(gap.begin, now), self._break))
                self._timers.append(loop.call_at(gap.end, self._list))

    def close(self) -> None:
        """Deliver nothing more."""
        self._break()
        for timer in self._timers:
            timer.cancel()

    def tell(self, type_: str, body: Body) -> None:
        """Deliver an event after those before it, unless the watch breaks before."""
        if not self._is_open:
            return
        now = self._server.loop.time()
        latest = max([late.seconds for late in self._weather.late if late.holds(now)], default=0.05)
        # Timers that are due at the same time would come in any order.
        self._due = max(self._due + 1e-6, now + self._chance.uniform(0.001, latest))
        self._server.loop.call_at(self._due, self._deliver, self._lists, type_, body)

    def _deliver(self, watch: int, type_: str, body: Body) -> None:
        if not self._is_open or watch != self._lists:
            return
        (self._sink.gone if type_ == "DELETED" else self._sink.seen)(body)
        self._sink.moved(None, body["metadata"]["resourceVersion"])

    def _break(self) -> None:
        self._is_open = False

    def _list(self) -> None:
        objects, version = self._server.objects[self.kind], str(self._server.version)
        self._sink.listing(None, version)
        for body in objects.values():
            self._sink.seen(body)
        self._sink.listed(None, version, {*objects})
        self._lists += 1
        self._is_open = True


@dataclass
class Process:
    """One life of the operator, from its start until it is killed."""

    server: Server
    weather: Weather
    chance: random.Random
    bugs: list[Exception] = field(default_factory=list)

    def start(self) -> None:
        """Wire everything, and let the workers work."""
        loop = self.server.loop
        queues: dict[Kind, WorkQueue[Ref]] = {
            kind: WorkQueue(self.chance.random, lambda ref: ref.namespace)
            for kind in (COMPRESSION_JOBS, SWEEPS)
        }
        self.runs = Runs(queues[COMPRESSION_JOBS].add)
        self.runs.parents = sweeps = Sweeps(queues[SWEEPS].add_after, self.runs, loop.time)
        cluster = MemoryCluster(self.server)
        trials = SweepController(sweeps, plan_trials, cluster, self.clock, spread_seconds=ROUND_SECONDS)
        controllers: dict[Kind, Reconciler] = {
            COMPRESSION_JOBS: Controller(self.runs, plan_run, cluster, self.clock),
            SWEEPS: trials,
        }
        self.workers = Workers(queues, controllers, self._count)
        self._working = loop.create_task(self.workers.run(_WORKERS))
        sinks = {**self.runs.sinks(), **sweeps.sinks()}
        self.feeds = {kind: Feed(kind, sinks[kind], self.server, self.weather, self.chance) for kind in KINDS}
        for feed in self.feeds.values():
            feed.open()
        self.server.watchers.append(self._tell)

    def kill(self) -> None:
        """End it at once; requests that were sent take effect nevertheless."""
        self.server.watchers.remove(self._tell)
        for feed in self.feeds.values():
            feed.close()
        self._working.cancel()
        self.workers.close()

    def clock(self) -> datetime:
        """Return the time by the operator's clock."""
        now = self.server.loop.time()
        off = sum(jump.by for jump in self.weather.jumps if jump.time <= now)
        return NOW + timedelta(seconds=now + off)

    def _tell(self, kind: Kind, type_: str, body: Body) -> None:
        self.feeds[kind].tell(type_, body)

    def _count(self, _: float, error: Exception | None) -> None:
        if error is not None and not isinstance(error, OperatorError):
            self.bugs.append(error)
