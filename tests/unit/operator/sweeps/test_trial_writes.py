"""Trials that are created side by side: so many at a time, and a problem of one is none of the others."""

import asyncio
import contextlib
import itertools
import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segcompress_operator.cluster import NameTakenError
from segcompress_operator.errors import GoneError, OperatorError, RefusedError, RetryableError
from segcompress_operator.planning.plan import FIRST_TRY_SECONDS
from segcompress_operator.planning.sweeps.making import MORE_A_ROUND, WRITES_AT_ONCE
from segcompress_operator.sweep_controller import SweepController
from segcompress_operator.trial_writes import TrialWriter
from unit.operator.fed import versioned
from unit.operator.samples import NOW
from unit.operator.sweeps.busy import MANY, Busy, seeds, stage, sweep_of
from unit.operator.sweeps.fed_sweeps import REF, Body, FedSweeps, plan
from unit.operator.sweeps.sweep_samples import NAMES, P, child_body, ended, sweep_body


def test_trials_are_created_side_by_side() -> None:
    fed, cluster, reconcile = stage()
    assert reconcile() is None
    assert sorted(cluster.indices) == [*range(MORE_A_ROUND)]
    assert cluster.most == WRITES_AT_ONCE
    assert len(fed.sweeps.observe(sweep_of(fed)).children) == MORE_A_ROUND
    assert cluster.status["trials"]["running"] == MORE_A_ROUND


@pytest.mark.parametrize("algorithm", ["TPE", "NSGAII"])
def test_trials_of_a_search_that_learns_are_created_one_after_the_other(algorithm: str) -> None:
    _, cluster, reconcile = stage(spec={**MANY, "algorithm": {"name": algorithm}, "parallelTrials": 3})
    reconcile()
    assert (cluster.indices, cluster.most) == ([0, 1, 2], 1)


@pytest.mark.parametrize("lost", [[0], [3, 7], [7], [*range(WRITES_AT_ONCE)]])
def test_an_answer_that_is_lost_loses_no_other_and_creates_nothing_twice(lost: list[int]) -> None:
    """Those whose answers came are known; the others are looked for before anything else is created."""
    fed, cluster, reconcile = stage(dict.fromkeys(lost, RetryableError("no answer")))
    assert isinstance(reconcile(), RetryableError)
    begun = sorted(cluster.indices)
    assert begun == [*range(min(WRITES_AT_ONCE + lost[0], MORE_A_ROUND))]
    known = {child.trial.index for child in fed.sweeps.observe(sweep_of(fed)).children if child.trial}
    assert known == {*begun} - {*lost}
    cluster.problems.clear()
    cluster.calls.clear()
    assert reconcile() is None
    names = [name for name, _ in cluster.calls]
    assert names[: len(lost)] == ["get"] * len(lost)
    assert sorted(cluster.indices) == [*range(len(begun), MORE_A_ROUND)]
    assert cluster.status["trials"]["running"] == len(cluster.made) == MORE_A_ROUND


def test_a_lost_answer_to_what_was_not_created_is_asked_for_again() -> None:
    _, cluster, reconcile = stage({4: RetryableError("away")})
    reconcile()
    del cluster.made[NAMES[4]]
    cluster.problems.clear()
    cluster.calls.clear()
    reconcile()
    assert sorted(cluster.indices) == [4, *range(WRITES_AT_ONCE + 4, MORE_A_ROUND)]
    assert cluster.status["trials"]["running"] == len(cluster.made) == MORE_A_ROUND


def test_an_api_server_that_is_still_away_is_asked_for_the_rest_later() -> None:
    _, cluster, reconcile = stage(dict.fromkeys(range(3), RetryableError("away")))
    reconcile()
    cluster.errors["get"] = RetryableError("away")
    cluster.calls.clear()
    assert isinstance(reconcile(), RetryableError)
    assert cluster.indices == []
    cluster.errors.clear()
    cluster.problems.clear()
    cluster.calls.clear()
    reconcile()
    assert sorted(name for name, _ in cluster.calls)[:3] == ["create"] * 3
    assert sorted(what for name, what in cluster.calls if name == "get") == sorted(NAMES[:3])
    assert cluster.status["trials"]["running"] == MORE_A_ROUND


def test_a_refused_trial_is_told_and_those_that_had_begun_are_kept() -> None:
    fed, cluster, reconcile = stage({2: RefusedError("exceeded quota: runs", final=False)})
    assert reconcile() == FIRST_TRY_SECONDS
    assert sorted(cluster.indices) == [*range(WRITES_AT_ONCE + 2)]
    assert cluster.status["trials"]["running"] == WRITES_AT_ONCE + 1
    assert "exceeded quota: runs" in cluster.status["conditions"][5]["message"]
    refusal = fed.sweeps.observe(sweep_of(fed)).refusal
    assert refusal is not None
    assert refusal.message == f"trial {NAMES[2]} was not created: exceeded quota: runs"


@pytest.mark.parametrize(
    "problem", [RefusedError("exceeded quota", final=False), RetryableError("failed calling webhook")]
)
def test_after_a_failed_try_trials_are_created_one_after_the_other(problem: Exception) -> None:
    """Many requests that are bound to fail would keep those of others waiting."""
    fed, cluster, _ = stage(dict.fromkeys(range(MORE_A_ROUND), problem))
    later = itertools.count(0, 100)
    controller = SweepController(fed.sweeps, plan, cluster, lambda: NOW + timedelta(seconds=next(later)))

    def tried() -> int:
        cluster.calls.clear()
        cluster.made.clear()
        with contextlib.suppress(RetryableError):
            asyncio.run(controller.reconcile(REF))
        return len(cluster.indices)

    assert [tried() for _ in range(3)] == [WRITES_AT_ONCE, 1, 1]
    cluster.problems.clear()
    assert tried() == MORE_A_ROUND


def test_a_job_in_the_way_ends_the_sweep_once_those_that_had_begun_are_known() -> None:
    fed, cluster, reconcile = stage({1: NameTakenError(NAMES[1])})
    reconcile()
    assert sorted(cluster.indices) == [*range(WRITES_AT_ONCE + 1)]
    target = next(each for each in cluster.status["conditions"] if each["type"] == "FailureTarget")
    assert (target["status"], target["reason"]) == ("True", "NameConflict")
    assert len(fed.sweeps.observe(sweep_of(fed)).children) == WRITES_AT_ONCE


def test_an_error_of_another_kind_is_no_bug() -> None:
    """The namespace is being deleted."""
    _, _, reconcile = stage({0: GoneError("the namespace is gone")})
    assert isinstance(reconcile(), GoneError)


def test_a_creation_that_a_bug_stops_is_looked_for_as_one_without_an_answer() -> None:
    fed, cluster, _ = stage({3: ValueError("a bug")})
    writer = TrialWriter(fed.sweeps, cluster, lambda: NOW)
    manifests = plan(sweep_of(fed), fed.sweeps.observe(sweep_of(fed)), NOW).create

    async def write() -> None:
        with pytest.raises(ExceptionGroup):
            await writer.create(sweep_of(fed), manifests, at_once=WRITES_AT_ONCE)
        await writer.find_unanswered(sweep_of(fed))

    asyncio.run(write())
    assert {child.owner.name for child in fed.sweeps.observe(sweep_of(fed)).children} == {*cluster.made}


def test_trials_are_suspended_side_by_side() -> None:
    fed, cluster, reconcile = stage(spec={**MANY, "suspend": True})
    for index in range(3):
        fed.fed.resources.seen(child_body(index, P[index]))
    cluster.errors["patch"] = RetryableError("away")
    assert isinstance(reconcile(), RetryableError)
    assert [name for name, _ in cluster.calls] == ["patch"] * 3 + ["status", "event"]


class Faulty(Busy):
    """Loses answers, requests and refuses trials as drawn; `limit` trials at most may run at a time."""

    def __init__(self, fed: FedSweeps, outcomes: list[str], limit: int) -> None:
        super().__init__(fed)
        self.outcomes = iter(outcomes)
        self.limit = limit
        self.ended: set[str] = set()
        self._version = 100

    async def create(self, manifest: Mapping[str, Any]) -> Body:
        index, outcome = int(manifest["metadata"]["labels"]["segcompress.dev/trial"]), next(self.outcomes, "")
        problems: dict[str, Exception] = {
            "answer lost": RetryableError("no answer"),
            "refused": RefusedError("exceeded quota", final=False),
        }
        self.problems = {index: problems[outcome]} if outcome in problems else {}
        if outcome == "request lost":
            raise RetryableError("no answer")
        return await super().create(manifest)

    async def _together(self) -> None:
        await super()._together()
        assert len(self.made.keys() - self.ended) <= self.limit

    def deliver(self, name: str, *, ends: bool) -> None:
        """Let the watch deliver a trial, as it is or at its end."""
        self._version += 1
        body = self.made[name]
        if ends:
            self.ended.add(name)
            body = {**body, "status": ended(miou=0.9, latency=9)}
        self.made[name] = versioned(body, self._version)
        self.fed.fed.resources.seen(self.made[name])


OUTCOMES = ("created", "created", "answer lost", "request lost", "refused")


@settings(deadline=None, max_examples=15)
@given(
    st.lists(st.sampled_from(OUTCOMES), max_size=40),
    st.sampled_from((2, 5, 20)),
    st.sampled_from(("Grid", "Random", "TPE")),
    st.integers(0, 999),
)
def test_whatever_is_lost_no_limit_is_exceeded_and_no_trial_is_doubled(
    outcomes: list[str], limit: int, algorithm: str, seed: int
) -> None:
    count, chance = 24, random.Random(seed)  # noqa: S311 - no secret
    spec = seeds(count, parallelTrials=limit, algorithm={"name": algorithm})
    fed = FedSweeps()
    fed.sink.seen(sweep_body(spec))
    cluster = Faulty(fed, outcomes, limit)
    cluster.spec = spec
    later = itertools.count(0, 1000)  # no refusal is waited out
    controller = SweepController(fed.sweeps, plan, cluster, lambda: NOW + timedelta(seconds=next(later)))

    async def play() -> None:
        while cluster.status.get("phase") != "Succeeded":
            with contextlib.suppress(OperatorError):
                await controller.reconcile(REF)
            going = sorted(cluster.made.keys() - cluster.ended)
            for name in chance.sample(going, chance.randint(0, len(going))):
                cluster.deliver(name, ends=chance.random() < 0.7)

    asyncio.run(play())
    points = [body["metadata"]["annotations"]["segcompress.dev/parameters"] for body in cluster.made.values()]
    assert len(points) == len(set(points)) == count
