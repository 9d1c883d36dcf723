"""One reconciliation of a sweep that suspends or resumes trials: its requests, and what is refused."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from segcompress_operator.errors import GoneError, RefusedError, RetryableError
from segcompress_operator.kinds import Ref
from segcompress_operator.planning.plan import FIRST_TRY_SECONDS, Refusal
from segcompress_operator.sweep_controller import SweepController
from segcompress_operator.sweeps import ROUND_SECONDS
from unit.operator.fed import versioned
from unit.operator.samples import NOW
from unit.operator.sweeps.busy import sweep_of
from unit.operator.sweeps.fed_sweeps import REF, Body, FakeCluster, FedSweeps, plan, round_of
from unit.operator.sweeps.sweep_samples import (
    NAMES,
    P,
    child_body,
    curve,
    spec_body,
    sweep_body,
)


def test_trials_are_suspended_one_request_each() -> None:
    cluster, again = round_of(spec_body(suspend=True), child_body(0, P[0]), child_body(1, P[1]))
    assert cluster.calls[:2] == [("patch", (name, {"spec": {"suspend": True}})) for name in NAMES[:2]]
    assert (cluster.names[2:], again) == (["status", "event"], None)


def test_a_trial_that_is_gone_stops_no_other_and_is_looked_for_later() -> None:
    """The watch is late."""
    children = [child_body(0, P[0]), child_body(1, P[1])]
    cluster, again = round_of(spec_body(suspend=True), *children, patch=GoneError("gone"))
    assert cluster.names[:3] == ["patch", "patch", "status"]
    assert cluster.status["phase"] == "Suspended"
    assert isinstance(again, RetryableError)


@pytest.mark.parametrize("suspend", [True, False])
def test_a_refused_change_of_a_trial_stops_no_other_and_is_shown_and_tried_again_later(
    *, suspend: bool
) -> None:
    children = [child_body(index, P[index], suspend=not suspend) for index in range(2)]
    error = RefusedError("not at night", final=False)
    cluster, again = round_of(spec_body(suspend=suspend), *children, patch=error)
    assert cluster.names[:3] == ["patch", "patch", "status"]
    assert again == FIRST_TRY_SECONDS
    said = next(each for each in cluster.status["conditions"] if each["type"] == "Reconciling")
    verb = "suspended" if suspend else "resumed"
    assert said["message"].endswith(f"; 2 trial(s) cannot be {verb}: trial {NAMES[0]}: not at night")


def test_refused_changes_of_trials_are_tried_again_once_a_round() -> None:
    """They were refused one after the other, and each of them is due at another moment."""
    fed = FedSweeps()
    fed.sink.seen(sweep_body(spec_body(suspend=True)))
    fed.fed.resources.seen(child_body(0, P[0]))
    seen = NOW - timedelta(seconds=FIRST_TRY_SECONDS - 0.1)
    fed.sweeps.note_refused_change(sweep_of(fed), NAMES[0], Refusal("Trial", "not at night", seen))
    controller = SweepController(fed.sweeps, plan, FakeCluster(fed), lambda: NOW)
    assert asyncio.run(controller.reconcile(REF)) == ROUND_SECONDS


def test_refused_changes_are_forgotten_when_the_spec_changes() -> None:
    fed = FedSweeps()
    fed.sink.seen(sweep_body())
    sweep = sweep_of(fed)
    fed.sweeps.note_refused_change(sweep, NAMES[0], Refusal("Trial", "not at night", NOW))
    assert [*fed.sweeps.observe(sweep).refused] == [NAMES[0]]
    fed.sink.seen(sweep_body(spec_body(suspend=True), generation=2, resourceVersion="11"))
    assert fed.sweeps.observe(sweep_of(fed)).refused == {}
    fed.sweeps.note_refused_change(sweep, NAMES[0], Refusal("Trial", "not at night", NOW))
    assert fed.sweeps.observe(sweep_of(fed)).refused == {}


@pytest.mark.parametrize("changed", [True, False])
def test_a_refused_change_is_forgotten_once_it_is_made_or_the_trial_is_gone(*, changed: bool) -> None:
    """The trial may be suspended again much later: that has not been refused."""
    fed = FedSweeps()
    fed.sink.seen(sweep_body())
    sweep = sweep_of(fed)
    for index in range(2):
        fed.fed.resources.seen(child_body(index, P[index]))
        fed.sweeps.note_refused_change(sweep, NAMES[index], Refusal("Trial", "not at night", NOW))
    fed.fed.resources.seen(versioned(child_body(0, P[0], curve(0.1)), 20))
    assert [*fed.sweeps.observe(sweep).refused] == NAMES[:2]
    if changed:
        fed.fed.resources.seen(versioned(child_body(0, P[0], suspend=True), 21))
    else:
        fed.fed.resources.gone(child_body(0, P[0]))
    assert [*fed.sweeps.observe(sweep).refused] == NAMES[1:2]


def test_a_change_that_does_not_last_is_made_again_after_a_while() -> None:
    """A webhook sets back what the operator writes: without a pause, the API server would be flooded."""
    fed = FedSweeps()
    fed.sink.seen(sweep_body(spec_body(suspend=True)))
    fed.fed.resources.seen(child_body(0, P[0]))

    class Stubborn(FakeCluster):
        async def patch(self, ref: Ref, patch: Mapping[str, Any]) -> Body:
            self._called("patch", (ref.name, patch))
            return versioned(child_body(0, P[0]), 50)

    controller = SweepController(fed.sweeps, plan, Stubborn(fed), lambda: NOW)
    with pytest.raises(RetryableError, match=f"trial {NAMES[0]} is not yet what it is to be"):
        asyncio.run(controller.reconcile(REF))
