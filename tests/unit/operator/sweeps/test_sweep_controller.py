"""One reconciliation of a sweep: the requests it makes, and what it does where they fail."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from segcompress_operator.cluster import NameTakenError
from segcompress_operator.errors import GoneError, RefusedError, RetryableError
from segcompress_operator.kinds import Ref
from segcompress_operator.planning.sweeps.making import MORE_A_ROUND
from segcompress_operator.planning.sweeps.observed import SweepObserved
from segcompress_operator.sweep_controller import SweepController
from segcompress_operator.sweeps import ROUND_SECONDS
from unit.operator.fed import versioned
from unit.operator.samples import NOW, at
from unit.operator.sweeps.fed_sweeps import REF, Body, FakeCluster, FedSweeps, plan, round_of
from unit.operator.sweeps.sweep_samples import (
    EARLY,
    NAMES,
    SWEEP,
    P,
    child_body,
    curve,
    ended,
    make_sweep,
    points,
    spec_body,
    sweep_body,
)


def test_a_round_makes_trials_and_writes_one_status_that_counts_them() -> None:
    cluster, again = round_of()
    assert cluster.names == ["create", "create", "status", "event"]
    assert cluster.status["trials"]["running"] == 2
    assert again is None


def test_a_second_round_writes_nothing() -> None:
    fed = FedSweeps()
    fed.sink.seen(sweep_body())
    cluster = FakeCluster(fed)
    controller = SweepController(fed.sweeps, plan, cluster, lambda: NOW)
    asyncio.run(controller.reconcile(REF))
    cluster.calls.clear()
    asyncio.run(controller.reconcile(REF))
    assert cluster.calls == []


def test_a_trial_is_stopped_by_its_own_reconciliation() -> None:
    """The sweep's makes no request for it."""
    done = [{**ended(miou=miou, latency=9), **curve(miou)} for miou in (0.5, 0.6)]
    bodies = [child_body(index, P[index], status) for index, status in enumerate(done)]
    progress = {"stage": "Compress", "step": 1, "lastUpdateTime": at(-1)}
    status = {"observedGeneration": 1, "phase": "Running", "progress": progress, **curve(0.1)}
    trial = child_body(2, P[2], status)
    cluster, _ = round_of(spec_body(**EARLY), *bodies, trial, child_body(3, P[3]))
    assert cluster.names == ["status", "event"]
    runs = cluster.fed.fed.runs
    stops = [runs.observe(one).stop for one in sorted(runs.owned(SWEEP.uid), key=lambda one: one.uid)]
    assert stops == ["", "", "Stopped by MedianStop at step 100: mIoU 0.1000, median of 2 trials 0.5500", ""]
    assert NAMES[2] in {ref.name for ref in cluster.fed.fed.waking}
    ends = {**ended("StoppedEarly"), **curve(0.1)}
    cluster.fed.fed.resources.seen(versioned(child_body(2, P[2], ends), 90))
    assert runs._stops == {}


def test_a_trial_that_was_created_again_is_not_stopped() -> None:
    fed = FedSweeps().fed
    fed.resources.seen(child_body(0, P[0], uid="another"))
    fed.runs.stop_early("trial-0", "why")
    assert fed.runs._stops == {}
    fed.runs.stop_early("another", "why")
    assert fed.runs._stops == {"another": "why"}


def test_no_point_is_tried_twice_where_a_trial_was_there_already() -> None:
    """An operator that led before has made it, at a point that the search would now take for the next."""
    fed = FedSweeps()
    spec = spec_body(algorithm={"name": "TPE"})
    fed.sink.seen(sweep_body(spec))
    second = points(plan(make_sweep(spec), SweepObserved(), NOW))[1]

    class Led(FakeCluster):
        async def create(self, manifest: Mapping[str, Any]) -> Body:
            if self.names:
                return await super().create(manifest)
            self._called("create", manifest["metadata"]["name"])
            return versioned(child_body(0, second), 50)

    cluster = Led(fed)
    cluster.spec = spec
    controller = SweepController(fed.sweeps, plan, cluster, lambda: NOW)
    assert asyncio.run(controller.reconcile(REF)) == ROUND_SECONDS
    assert cluster.names == ["create", "status", "event"]
    asyncio.run(controller.reconcile(REF))
    sweep = fed.sweeps.sweep(REF)
    assert sweep is not None
    tried = [each.trial.parameters for each in fed.sweeps.observe(sweep).children if each.trial]
    assert len(set(tried)) == len(tried) == 2


@pytest.mark.parametrize("made", [True, False])
def test_a_trial_whose_making_got_no_answer_takes_its_place_before_the_watch_tells(*, made: bool) -> None:
    """Meanwhile somebody deletes one that had ended, whose index is free again."""
    fed = FedSweeps()
    spec = spec_body(parallelTrials=1)
    fed.sink.seen(sweep_body(spec))
    fed.fed.resources.seen(child_body(0, P[0], ended()))
    cluster = FakeCluster(fed, create=RetryableError("no answer"), **({} if made else {"get": GoneError("")}))
    cluster.spec = spec
    controller = SweepController(fed.sweeps, plan, cluster, lambda: NOW)
    with pytest.raises(RetryableError):
        asyncio.run(controller.reconcile(REF))
    cluster.errors.pop("create")
    fed.fed.resources.gone(versioned(child_body(0, P[0], ended()), 40))
    asyncio.run(controller.reconcile(REF))
    expected = [("create", NAMES[1]), ("get", NAMES[1]), *([] if made else [("create", NAMES[0])])]
    assert [call for call in cluster.calls if call[0] in ("create", "get")] == expected
    assert cluster.status["trials"]["running"] == 1


def test_nothing_is_said_of_trials_that_can_no_longer_be_watched() -> None:
    fed = FedSweeps()
    fed.sink.seen(sweep_body(spec_body(suspend=True)))
    fed.fed.resources.seen(child_body(0, P[0]))

    class Refusing(FakeCluster):
        async def patch(self, ref: Ref, patch: Mapping[str, Any]) -> Body:
            fed.fed.resources.refused(None)
            return await super().patch(ref, patch)

    cluster = Refusing(fed)
    controller = SweepController(fed.sweeps, plan, cluster, lambda: NOW)
    assert asyncio.run(controller.reconcile(REF)) is None
    assert cluster.names == ["patch"]


def test_a_job_in_the_way_ends_the_sweep() -> None:
    cluster, _ = round_of(create=NameTakenError(NAMES[0]))
    assert cluster.names == ["create", "status", "event"]
    assert cluster.status["phase"] == "Failed"
    assert cluster.calls[-1] == ("event", "Failed")


@pytest.mark.parametrize("final", [True, False])
def test_a_refused_trial_is_told(*, final: bool) -> None:
    cluster, again = round_of(create=RefusedError("exceeded quota: pods", final=final))
    assert cluster.names[:2] == ["create", "status"]
    assert cluster.status["phase"] == ("Failed" if final else "Pending")
    assert (again is None) is final


def test_a_trial_that_cannot_be_created_for_now_is_told_and_tried_again() -> None:
    """A webhook that does not answer may stay away for hours."""
    cluster, error = round_of(create=RetryableError("POST: failed calling webhook"))
    assert (cluster.names, isinstance(error, RetryableError)) == (["create", "status"], True)
    words = "trials were not written: POST: failed calling webhook"
    assert words in [condition["message"] for condition in cluster.status["conditions"]]


def test_a_trial_that_cannot_be_created_for_now_keeps_no_other_from_being_stopped() -> None:
    done = [{**ended(miou=miou, latency=9), **curve(miou)} for miou in (0.5, 0.6)]
    progress = {"stage": "Compress", "step": 1, "lastUpdateTime": at(-1)}
    running = {"observedGeneration": 1, "phase": "Running", "progress": progress, **curve(0.1)}
    bodies = [child_body(index, P[index], status) for index, status in enumerate([*done, running])]
    cluster, error = round_of(spec_body(**EARLY), *bodies, create=RetryableError("away"))
    assert isinstance(error, RetryableError)
    assert [*cluster.fed.fed.runs._stops] == ["trial-2"]


def test_an_api_server_that_is_away_is_asked_again() -> None:
    away = RetryableError("away")
    cluster, error = round_of(create=away, status=away)
    assert (cluster.names, error) == (["create", "status"], away)


def test_a_sweep_that_is_gone_ends_the_round() -> None:
    cluster, again = round_of(patch_status=GoneError("gone"), status=GoneError("gone"))
    assert (cluster.names[-1], again) == ("status", None)


def test_more_trials_than_a_round_makes_follow_a_round_later() -> None:
    many = {"name": "seed", "path": "seed", "range": {"min": "1", "max": "100", "step": "1"}}
    fed = FedSweeps()
    fed.sink.seen(sweep_body(spec_body(parameters=[many], parallelTrials=MORE_A_ROUND + 8)))

    class Growing(FakeCluster):
        async def create(self, manifest: Mapping[str, Any]) -> Body:
            self._called("create", manifest["metadata"]["name"])
            index = int(manifest["metadata"]["labels"]["segcompress.dev/trial"])
            return versioned(child_body(index, {"seed": str(index + 1)}), 50)

    cluster = Growing(fed)
    controller = SweepController(fed.sweeps, plan, cluster, lambda: NOW)
    assert asyncio.run(controller.reconcile(REF)) == ROUND_SECONDS
    assert cluster.names.count("create") == MORE_A_ROUND
    cluster.calls.clear()
    fed.sink.seen(versioned(sweep_body(fed_spec(many), cluster.status), 200))
    asyncio.run(controller.reconcile(REF))
    assert cluster.names.count("create") == 8


def test_a_place_that_becomes_free_during_a_round_waits_as_for_any_change() -> None:
    """Otherwise a large sweep whose trials end all the time would be planned all the time."""
    fed = FedSweeps()
    spec = spec_body(parallelTrials=1)
    fed.sink.seen(sweep_body(spec))
    fed.fed.resources.seen(child_body(0, P[0], ended()))

    class Quick(FakeCluster):
        async def create(self, manifest: Mapping[str, Any]) -> Body:
            body = await super().create(manifest)
            fed.fed.resources.seen(body)
            fed.fed.resources.seen(versioned(child_body(1, P[1], ended()), 60))
            return body

    cluster = Quick(fed)
    cluster.spec = spec
    controller = SweepController(fed.sweeps, plan, cluster, lambda: NOW)
    assert asyncio.run(controller.reconcile(REF)) == ROUND_SECONDS
    assert cluster.names == ["create", "status", "event"]


def fed_spec(parameter: Body) -> Body:
    return spec_body(parameters=[parameter], parallelTrials=MORE_A_ROUND + 8)
