"""The store of sweeps: which events reconcile which sweep."""

import pytest

from segcompress_operator.sweeps import ROUND_SECONDS
from unit.operator.fed import versioned
from unit.operator.sweeps.fed_sweeps import REF, Body, FedSweeps
from unit.operator.sweeps.sweep_samples import (
    EARLY,
    SWEEP,
    P,
    child_body,
    curve,
    ended,
    spec_body,
    suspended,
    sweep_body,
)


def test_a_new_sweep_is_looked_at_once_all_of_its_namespace_is_known() -> None:
    fed = FedSweeps(listed=False)
    fed.sink.seen(sweep_body())
    fed.sink.listed(None, "10", {SWEEP.uid})
    assert (fed.waking, fed.sweeps.sweep(REF)) == ([], None)
    fed.list_jobs()
    assert fed.waking == [REF]
    assert fed.sweeps.sweep(REF) is not None


@pytest.mark.parametrize(
    ("status", "suspend", "wakes"),
    [
        pytest.param({"observedGeneration": 1, "phase": "Running"}, False, True, id="runs"),
        pytest.param(ended(miou=0.9, latency=9), False, True, id="ends"),
        pytest.param(suspended(stops=True), False, True, id="stops"),
        pytest.param({"observedGeneration": -1}, True, True, id="is to stop"),
        pytest.param({"observedGeneration": -1, "progress": {"percent": 7}}, False, False, id="progress"),
    ],
)
def test_a_trial_wakes_its_sweep_where_that_decides_something(
    status: Body, *, suspend: bool, wakes: bool
) -> None:
    fed = FedSweeps()
    fed.sink.seen(sweep_body())
    fed.fed.resources.seen(child_body(0, P[0]))
    assert fed.waking == [REF, REF]
    fed.fed.resources.seen(versioned(child_body(0, P[0], status, suspend=suspend), 30))
    assert fed.waking == ([REF] if wakes else [])


@pytest.mark.parametrize("early", [True, False])
def test_an_evaluation_wakes_a_sweep_that_stops_trials_early(*, early: bool) -> None:
    fed = FedSweeps()
    fed.sink.seen(sweep_body(spec_body(**(EARLY if early else {}))))
    fed.fed.resources.seen(child_body(0, P[0]))
    assert fed.waking
    status = {"observedGeneration": -1, "progress": {"percent": 7}, **curve(0.5)}
    fed.fed.resources.seen(versioned(child_body(0, P[0], status), 30))
    assert fed.waking == ([REF] if early else [])
    status["progress"] = {"percent": 8}
    fed.fed.resources.seen(versioned(child_body(0, P[0], status), 31))
    assert fed.waking == []


def test_a_trial_that_goes_wakes_its_sweep() -> None:
    fed = FedSweeps()
    fed.sink.seen(sweep_body())
    fed.fed.resources.seen(child_body(0, P[0]))
    assert fed.waking
    fed.fed.resources.gone(versioned(child_body(0, P[0]), 30))
    assert fed.waking == [REF]


def test_a_suspended_trial_wakes_its_sweep_once_nothing_of_it_runs() -> None:
    fed = FedSweeps()
    fed.sink.seen(sweep_body())
    fed.fed.resources.seen(child_body(0, P[0], suspended(stops=True), suspend=True))
    assert fed.waking
    fed.fed.resources.seen(versioned(child_body(0, P[0], suspended(), suspend=True), 30))
    assert fed.waking == [REF]


def test_what_changes_soon_after_a_round_waits_for_the_next_one() -> None:
    fed = FedSweeps()
    fed.sink.seen(sweep_body())
    assert fed.woken == [(REF, 0.0)]
    sweep = fed.sweeps.sweep(REF)
    assert sweep is not None
    fed.sweeps.begin(sweep)
    waits = []
    for index, seconds in enumerate((0.0, ROUND_SECONDS / 2, ROUND_SECONDS, 60.0)):
        fed.time = 1000.0 + seconds
        fed.fed.resources.seen(child_body(index, P[index]))
        waits.append(fed.woken[-1][1])
    assert waits == [ROUND_SECONDS, ROUND_SECONDS / 2, 0.0, 0.0]


def test_nothing_is_remembered_of_a_sweep_that_has_ended_or_is_gone() -> None:
    fed = FedSweeps()
    fed.sink.seen(sweep_body())
    sweep = fed.sweeps.sweep(REF)
    assert sweep is not None
    fed.sweeps.begin(sweep)
    memo = fed.sweeps.observe(sweep).memo
    assert fed.sweeps.observe(sweep).memo is memo
    fed.sink.seen(versioned(sweep_body(status=ended()), 30))
    assert fed.sweeps.observe(sweep).memo is not memo
    assert fed.sweeps._memos == {}
    fed.sink.gone(versioned(sweep_body(status=ended()), 31))
    fed.sweeps.begin(sweep)
    assert fed.sweeps.observe(sweep).memo is not fed.sweeps.observe(sweep).memo
    assert (fed.sweeps._memos, fed.sweeps._begun) == ({}, {})


def test_a_sweep_of_the_same_name_has_none_of_the_other_s_trials() -> None:
    fed = FedSweeps()
    fed.sink.seen(sweep_body())
    fed.fed.resources.seen(child_body(0, P[0]))
    fed.sink.seen(sweep_body(uid="another", resourceVersion="40"))
    sweep = fed.sweeps.sweep(REF)
    assert sweep is not None
    assert (sweep.uid, fed.sweeps.observe(sweep).children) == ("another", ())
    fed.sink.gone(sweep_body(uid="another", resourceVersion="41"))
    assert fed.sweeps.sweep(REF) is None
