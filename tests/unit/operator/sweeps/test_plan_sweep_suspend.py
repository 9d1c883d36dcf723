"""What a plan does to the trials of a sweep that is suspended, and of one that is resumed."""

from segcompress_operator.planning.sweeps.suspending import SuspendChange
from unit.operator.sweeps.sweep_samples import (
    NAMES,
    P,
    again,
    child,
    conditions,
    ended,
    message,
    names,
    plan,
    spec_body,
    status_of,
    suspended,
)


def test_a_suspended_sweep_suspends_what_has_not_ended() -> None:
    spec = spec_body(suspend=True)
    children = [child(0, P[0], ended(miou=0.9, latency=9)), child(1, P[1]), child(2, P[2])]
    made = plan(*children, spec=spec)
    assert made.create == ()
    assert made.suspend == tuple(SuspendChange(NAMES[n], True) for n in (1, 2))  # noqa: FBT003
    assert status_of(made).phase == "Suspended"
    assert message(made, "Reconciling") == ("Suspended", "2 trial(s) are still stopping")
    assert [said.reason for said in made.announcements] == ["Suspended"]


def test_a_suspended_sweep_rests_once_nothing_of_it_runs() -> None:
    spec = spec_body(suspend=True)
    stops = [child(1, P[1], suspended(stops=True), suspend=True)]
    rests = [child(1, P[1], suspended(), suspend=True)]
    first = plan(*stops, spec=spec)
    assert (first.suspend, conditions(first)["Reconciling"]) == ((), "True")
    second = plan(*rests, spec=spec, status=again(first))
    assert (second.suspend, conditions(second)["Reconciling"]) == ((), "False")
    assert second.announcements == ()
    since = {c.type: c.last_transition_time for c in status_of(first).conditions}["Suspended"]
    assert {c.type: c.last_transition_time for c in status_of(second).conditions}["Suspended"] == since


def test_a_new_sweep_may_be_suspended() -> None:
    made = plan(spec=spec_body(suspend=True))
    assert (made.create, conditions(made)["Suspended"]) == ((), "True")


def test_a_resumed_sweep_lets_its_trials_go_on() -> None:
    status = again(plan(child(1, P[1]), spec=spec_body(suspend=True)))
    made = plan(child(1, P[1], suspended(), suspend=True), status=status)
    assert made.suspend == (SuspendChange(NAMES[1], False),)  # noqa: FBT003
    assert names(made) == NAMES[:1]
    assert conditions(made)["Suspended"] == "False"
    assert [said.reason for said in made.announcements] == ["Resumed"]
