"""The pace of a sweep's creations: spread over a round, and ended by a change of the sweep."""

import asyncio
import contextlib
import itertools
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from segcompress_operator.errors import RefusedError, RetryableError
from segcompress_operator.planning.sweeps.making import MORE_A_ROUND, WRITES_AT_ONCE
from segcompress_operator.planning.sweeps.observed import Sweep, SweepObserved
from segcompress_operator.planning.sweeps.plan import SweepPlan
from segcompress_operator.planning.sweeps.suspending import SuspendChange
from segcompress_operator.sweep_controller import SweepController
from segcompress_operator.sweeps import ROUND_SECONDS
from segcompress_operator.trial_writes import TrialWriter
from unit.operator.samples import NOW
from unit.operator.sweeps.busy import MANY, Busy, seeds, stage, sweep_of
from unit.operator.sweeps.fed_sweeps import REF, Body, FakeCluster, FedSweeps, plan
from unit.operator.sweeps.sweep_samples import NAMES, child, ended, make_sweep, sweep_body

SPREAD_SECONDS = 0.08
CLOCK_GRAIN = 0.002


class Timed(Busy):
    """Notes when each creation begins."""

    def __init__(self, fed: FedSweeps) -> None:
        super().__init__(fed)
        self.begun: list[float] = []

    async def _together(self) -> None:
        self.begun.append(asyncio.get_running_loop().time())
        await super()._together()

    @property
    def between(self) -> list[float]:
        return [later - sooner for sooner, later in itertools.pairwise(self.begun)]


def test_creations_are_spread_over_the_round() -> None:
    fed = FedSweeps()
    fed.sink.seen(sweep_body(MANY))
    cluster = Timed(fed)
    writer = TrialWriter(fed.sweeps, cluster, lambda: NOW, SPREAD_SECONDS)
    manifests = plan(sweep_of(fed), fed.sweeps.observe(sweep_of(fed)), NOW).create
    asyncio.run(writer.create(sweep_of(fed), manifests, at_once=WRITES_AT_ONCE))
    assert len(cluster.begun) == MORE_A_ROUND
    assert min(cluster.between) >= SPREAD_SECONDS / MORE_A_ROUND - CLOCK_GRAIN


class Quick(FakeCluster):
    """Its trials have ended by the time that their creation is answered."""

    async def create(self, manifest: Mapping[str, Any]) -> Body:
        body = await super().create(manifest)
        return {**body, "status": ended(miou=0.9, latency=9)}


def test_trials_that_only_the_next_round_creates_are_not_made_twice() -> None:
    """After its writes, a round need only know whether there is another trial."""
    fed, made = FedSweeps(), list[int]()
    fed.sink.seen(sweep_body(MANY))

    def counted(sweep: Sweep, observed: SweepObserved, now: datetime) -> SweepPlan:
        planned = plan(sweep, observed, now)
        made.append(len(planned.create))
        return planned

    again = asyncio.run(SweepController(fed.sweeps, counted, Quick(fed), lambda: NOW).reconcile(REF))
    assert (made, again) == ([MORE_A_ROUND, 1], ROUND_SECONDS)


class Edited(Busy):
    """Hears that the sweep is suspended while the first trials are being created."""

    async def _together(self) -> None:
        await super()._together()
        self.fed.sink.seen(sweep_body({**MANY, "suspend": True}, generation=2, resourceVersion="11"))


def test_nothing_is_created_any_more_once_the_sweep_has_changed() -> None:
    fed, _, _ = stage()
    old = sweep_of(fed)
    manifests = plan(old, fed.sweeps.observe(old), NOW).create
    cluster = Edited(fed)
    asyncio.run(TrialWriter(fed.sweeps, cluster, lambda: NOW).create(old, manifests, WRITES_AT_ONCE))
    assert len(cluster.indices) == WRITES_AT_ONCE


def test_a_sweep_that_changes_in_the_middle_of_a_round_gets_its_status_from_the_next() -> None:
    """The API server would refuse a status for the version that the round began with."""
    fed, _, _ = stage()
    cluster = Edited(fed)
    assert fed.waking == [REF]
    assert asyncio.run(SweepController(fed.sweeps, plan, cluster, lambda: NOW).reconcile(REF)) is None
    assert {*cluster.names} == {"create"}
    assert REF in fed.waking


def test_nothing_is_created_for_a_sweep_that_is_gone() -> None:
    fed, cluster, _ = stage()
    old = sweep_of(fed)
    manifests = plan(old, fed.sweeps.observe(old), NOW).create
    fed.sink.gone(sweep_body(MANY, resourceVersion="11"))
    asyncio.run(TrialWriter(fed.sweeps, cluster, lambda: NOW).create(old, manifests, WRITES_AT_ONCE))
    assert cluster.indices == []


@pytest.mark.parametrize(
    "problem", [RefusedError("exceeded quota", final=False), RetryableError("failed calling webhook")]
)
def test_creations_that_failed_are_not_made_up_for_all_at_once(problem: Exception) -> None:
    """Many tries fail while the API server is overloaded or a quota is used up."""
    spec = seeds(200, parallelTrials=100)
    fed, cluster, _ = stage(dict.fromkeys(range(200), problem), spec)
    later = itertools.count(0, 100)
    controller = SweepController(fed.sweeps, plan, cluster, lambda: NOW + timedelta(seconds=next(later)))

    def created() -> int:
        cluster.calls.clear()
        with contextlib.suppress(RetryableError):
            asyncio.run(controller.reconcile(REF))
        return len(cluster.indices)

    for _ in range(5):
        created()
    cluster.problems.clear()
    assert created() <= MORE_A_ROUND
    assert created() == MORE_A_ROUND


def test_trials_are_resumed_step_by_step_and_count_among_those_that_begin() -> None:
    running = MORE_A_ROUND + 4
    spec = seeds(200, parallelTrials=100)
    children = tuple(child(n, {"seed": str(n + 1)}, suspend=True) for n in range(running))
    made = plan(make_sweep(spec), SweepObserved(children), NOW)
    assert (len(made.suspend), len(made.create)) == (MORE_A_ROUND, 0)
    children = tuple(child(n, {"seed": str(n + 1)}, suspend=n < 4) for n in range(running))
    made = plan(make_sweep(spec), SweepObserved(children, in_flight=running + 1), NOW)
    assert (len(made.suspend), len(made.create)) == (4, MORE_A_ROUND - 4 + 1)


def test_trials_are_resumed_at_intervals_and_suspended_at_once() -> None:
    fed = FedSweeps()
    fed.sink.seen(sweep_body(MANY))
    cluster = Timed(fed)
    writer = TrialWriter(fed.sweeps, cluster, lambda: NOW, SPREAD_SECONDS)
    asyncio.run(writer.suspend(sweep_of(fed), [SuspendChange(name, suspend=False) for name in NAMES[:3]]))
    assert min(cluster.between) >= SPREAD_SECONDS / MORE_A_ROUND - CLOCK_GRAIN
    cluster.most = 0
    asyncio.run(writer.suspend(sweep_of(fed), [SuspendChange(name, suspend=True) for name in NAMES[:3]]))
    assert cluster.most == len(NAMES[:3])


def test_creations_are_not_made_up_for_after_a_slow_answer() -> None:
    fed = FedSweeps()
    fed.sink.seen(sweep_body(MANY))

    class Slow(Timed):
        async def _together(self) -> None:
            await super()._together()
            if len(self.begun) == WRITES_AT_ONCE:
                await asyncio.sleep(SPREAD_SECONDS)

    cluster = Slow(fed)
    writer = TrialWriter(fed.sweeps, cluster, lambda: NOW, SPREAD_SECONDS)
    manifests = plan(sweep_of(fed), fed.sweeps.observe(sweep_of(fed)), NOW).create
    asyncio.run(writer.create(sweep_of(fed), manifests, at_once=1))
    assert len(cluster.between) == MORE_A_ROUND - 1
    assert min(cluster.between) >= SPREAD_SECONDS / MORE_A_ROUND - CLOCK_GRAIN


def test_nothing_is_resumed_any_more_once_the_sweep_has_changed() -> None:
    fed, cluster, _ = stage()
    old = sweep_of(fed)
    fed.sink.seen(sweep_body({**MANY, "suspend": True}, generation=2, resourceVersion="11"))
    changes = [SuspendChange(NAMES[0], suspend=False)]
    asyncio.run(TrialWriter(fed.sweeps, cluster, lambda: NOW).suspend(old, changes))
    assert cluster.calls == []
