"""What a plan says of a sweep that ends: complete, failed, or with too few figures to go on."""

from dataclasses import replace
from typing import Any

import pytest

from segcompress_operator.planning.sweeps.observed import SweepObserved
from segcompress_operator.planning.sweeps.plan import SweepPlan, plan_sweep
from segcompress_operator.planning.sweeps.suspending import SuspendChange
from unit.operator.samples import NOW, SETTINGS
from unit.operator.sweeps.sweep_samples import (
    NAMES,
    RATIO,
    P,
    again,
    child,
    conditions,
    ended,
    make_sweep,
    message,
    names,
    plan,
    spec_body,
    status_of,
    suspended,
)


def finished() -> list[Any]:
    """Return all six trials of the grid: each more accurate than the last, and slower."""
    return [child(n, P[n], ended(miou=0.8 + n / 100, latency=20 + n)) for n in range(6)]


def test_a_sweep_whose_trials_have_ended_is_complete() -> None:
    made = plan(*finished())
    status = status_of(made)
    assert (made.create, made.suspend) == ((), ())
    assert (status.phase, status.completion_time) == ("Succeeded", "2026-11-01T12:00:00Z")
    assert conditions(made)["Complete"] == conditions(made)["Ready"] == conditions(made)["Finished"] == "True"
    words = f"6 trial(s) ended; best is {NAMES[5]}: compressed.miou 0.8500, compressed.latencyMs 25.000"
    assert message(made, "Complete") == ("Succeeded", words)
    assert [entry.name for entry in status.frontier or ()] == NAMES[::-1]
    assert [said.message for said in made.announcements] == [words]


def test_an_ended_sweep_acknowledges_an_edit_and_makes_nothing() -> None:
    status = again(plan(*finished()))
    assert plan(*finished(), status=status) == SweepPlan()
    sweep = make_sweep(spec_body(maxTrials=200, parallelTrials=9), status, generation=2)
    made = plan_sweep(sweep, SweepObserved(tuple(finished())), SETTINGS, NOW)
    assert (made.create, status_of(made).observed_generation) == ((), 2)
    assert status_of(made).phase == "Succeeded"


def test_an_ended_sweep_reads_no_trial_that_has_ended() -> None:
    """Each of 10,000 trials that are deleted one by one is a reconciliation of their sweep."""
    unread = [replace(each, status=b"") for each in finished()]
    made = plan(*unread, child(6, P[0]), status=again(plan(*finished())))
    assert [change.suspend for change in made.suspend] == [True]


def test_a_sweep_fails_when_too_many_trials_have_no_figures() -> None:
    children = [child(n, P[n], ended("RunnerCrashed")) for n in range(2)]
    children += [child(2, P[2], ended("AcceptanceNotMet", miou=0.5, latency=9)), child(3, P[3])]
    spec = spec_body(maxFailedTrials=1)
    made = plan(*children, spec=spec)
    assert made.create == ()
    assert made.suspend == (SuspendChange(NAMES[3], True),)  # noqa: FBT003 - a field of a spec
    assert made.announcements == ()
    words = "2 trial(s) ended without metrics, spec.maxFailedTrials is 1"
    assert message(made, "FailureTarget") == ("MaxFailedTrialsExceeded", words)
    said = f"1 trial(s) are still stopping; then the sweep fails: {words}"
    assert message(made, "Reconciling") == message(made, "Ready") == ("Running", said)
    assert (status_of(made).phase, conditions(made)["Finished"]) == ("Running", "False")
    assert names(plan(*children, spec=spec_body(maxFailedTrials=2))) == NAMES[4:5]
    rests = child(3, P[3], suspended(), suspend=True)
    after = plan(*children[:3], rests, spec=spec, status=again(made))
    assert message(after, "Failed") == message(after, "Stalled") == ("MaxFailedTrialsExceeded", words)
    assert (status_of(after).phase, conditions(after)["Reconciling"]) == ("Failed", "False")
    assert [said.message for said in after.announcements] == [f"MaxFailedTrialsExceeded: {words}"]
    resumed = plan(*children, spec=spec, status=again(after))
    assert (resumed.suspend, resumed.status) == (made.suspend, None)


def test_a_sweep_that_is_to_fail_does_so_though_nothing_shows_why_any_more() -> None:
    made = plan(child(1, P[1]), conflict=NAMES[0])
    stops = plan(child(1, P[1], suspended(stops=True), suspend=True), status=again(made))
    assert (stops.create, stops.suspend) == ((), ())
    assert conditions(stops)["Failed"] == "False"
    after = plan(child(1, P[1], ended(miou=0.9, latency=9)), status=again(stops))
    assert (after.create, message(after, "Failed")[0]) == ((), "NameConflict")
    assert message(after, "Failed") == message(made, "FailureTarget")


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(ended("AcceptanceNotMet", miou=0.99, latency=1), id="gates missed"),
        pytest.param(ended(miou=0.99, latency=1, drop=0.02), id="constraint broken"),
    ],
)
def test_a_sweep_without_a_model_to_ship_fails(status: dict[str, Any]) -> None:
    made = plan(
        *(child(n, P[n], status) for n in range(6)),
        spec=spec_body(constraints=[{"metric": "miouDrop", "max": "0.01"}]),
    )
    words = "6 trial(s) ended; none succeeded and satisfied every constraint"
    assert message(made, "Failed") == ("NoAcceptableTrial", words)
    assert status_of(made).best_trial is None


def test_a_value_that_is_given_twice_ends_the_sweep_before_its_first_trial() -> None:
    made = plan(spec=spec_body(parameters=[{**RATIO, "values": ["0.5", "0.50"]}]))
    words = "spec.parameters[0].values: must differ: 0.5 and 0.50 are one value"
    assert (made.create, message(made, "Failed")) == ((), ("InvalidSpec", words))
