"""Each invariant holds where it should, and names what breaks it."""

from typing import Any

import pytest

from faults import invariants
from faults.fault import Fault, Kind, Point, faults_at
from faults.history import JOBS, PODS, RESOURCES, History, Request, Told, Version

Body = dict[str, Any]

DONE = {"conditions": [{"type": "Complete", "status": "True"}]}


def resource(number: int, phase: str = "Pending", type_: str = "MODIFIED", **status: Any) -> Version:
    meta = {"name": "demo", "uid": "r", "resourceVersion": str(number), "generation": 1}
    return Version(RESOURCES, type_, {"metadata": meta, "status": {"phase": phase, **status}})


def job(number: int, uid: str, type_: str = "MODIFIED", status: Body | None = None) -> Version:
    owner = {"uid": "r", "controller": True}
    meta = {"name": uid, "uid": uid, "resourceVersion": str(number), "ownerReferences": [owner]}
    return Version(JOBS, type_, {"metadata": meta, "status": status or {}})


def patch(version: int, answered: int, *, lost: bool = False) -> Request:
    sent = {"metadata": {"uid": "r", "resourceVersion": str(version)}}
    answer = {"metadata": {"name": "demo", "uid": "r", "resourceVersion": str(answered)}}
    return Request(0.0, "patch", f"{RESOURCES}/status", 200, sent, answer, lost)


def create(at: float) -> Request:
    return Request(at, "create", JOBS, 201, job(1, "a").body)


@pytest.mark.parametrize(
    ("versions", "found"),
    [
        pytest.param([job(1, "a", "ADDED"), job(2, "b", "ADDED")], 1, id="two at once"),
        pytest.param([job(1, "a"), job(2, "a", status=DONE), job(3, "b")], 0, id="one after the other"),
        pytest.param([job(1, "a"), job(2, "a", "DELETED"), job(3, "b")], 0, id="the first is gone"),
        pytest.param([job(3, "b"), job(1, "a"), job(2, "a", "DELETED")], 0, id="told in another order"),
    ],
)
def test_one_live_job(versions: list[Version], found: int) -> None:
    assert len([*invariants.one_live_job(History(versions))]) == found


def pod(number: int, uid: str, job_uid: str, type_: str = "MODIFIED", phase: str = "Running") -> Version:
    owner = {"uid": job_uid, "controller": True}
    meta = {"name": uid, "uid": uid, "resourceVersion": str(number), "ownerReferences": [owner]}
    return Version(PODS, type_, {"metadata": meta, "status": {"phase": phase}})


@pytest.mark.parametrize(
    ("versions", "found"),
    [
        pytest.param([pod(3, "x", "a"), pod(4, "y", "b")], 1, id="two at once, the first without its Job"),
        pytest.param([pod(3, "x", "a"), pod(4, "y", "other")], 0, id="of two runs"),
        pytest.param([pod(3, "x", "a", phase="Failed"), pod(4, "y", "b")], 0, id="the first has ended"),
        pytest.param([pod(3, "x", "a"), pod(4, "x", "a", "DELETED"), pod(5, "y", "b")], 0, id="is gone"),
    ],
)
def test_one_live_pod(versions: list[Version], found: int) -> None:
    jobs = [job(1, "a"), job(2, "a", "DELETED"), job(3, "b")]
    history = History([*jobs, *versions])
    assert len([*invariants.one_live_pod(history)]) == found


@pytest.mark.parametrize(
    ("at", "found"),
    [
        pytest.param(4.0, 0, id="before"),
        pytest.param(6.0, 0, id="in flight"),
        pytest.param(9.0, 1, id="long after"),
    ],
)
def test_no_job_for_the_deleted(at: float, found: int) -> None:
    told = [Told(1.0, resource(1)), Told(5.0, resource(2, type_="DELETED"))]
    history = History(requests=[create(at)], told=told)
    assert len([*invariants.no_job_for_the_deleted(history)]) == found


def test_deletion_counts_from_when_it_was_told_first() -> None:
    marked = resource(2)
    marked.body["metadata"]["deletionTimestamp"] = "now"
    told = [Told(1.0, marked), Told(9.0, resource(3, type_="DELETED"))]
    assert [*invariants.no_job_for_the_deleted(History(requests=[create(8.0)], told=told))]


def test_end_is_not_left() -> None:
    good = History([resource(1), resource(2, "Running"), resource(3, "Failed"), resource(4, "Failed")])
    bad = History([resource(1, "Running"), resource(2, "Succeeded"), resource(3, "Running")])
    assert [*invariants.phases_forward(good)] == []
    assert [*invariants.phases_forward(bad)] == ["demo left its end: Running > Succeeded > Running"]


def test_phases_are_some_of_those_allowed_in_their_order() -> None:
    allowed = ("Pending", "Running", "Succeeded")
    skips = History([resource(1), resource(2, "Succeeded")])
    returns = History([resource(1), resource(2, "Running"), resource(3, "Pending")])
    assert [*invariants.phases_within(skips, allowed)] == []
    assert len([*invariants.phases_within(returns, allowed)]) == 1


@pytest.mark.parametrize(
    ("observed", "found"),
    [
        pytest.param([-1, 1, 1], 0, id="rises"),
        pytest.param([1, -1], 1, id="falls"),
        pytest.param([2], 1, id="ahead"),
    ],
)
def test_observed_generation(observed: list[int], found: int) -> None:
    versions = [resource(n, observedGeneration=each) for n, each in enumerate(observed)]
    assert len([*invariants.observed_generation_rises(History(versions))]) == found


@pytest.mark.parametrize(
    ("requests", "found"),
    [
        pytest.param([patch(1, 2), patch(2, 3)], 0, id="each changes something"),
        pytest.param([patch(1, 2), patch(2, 2)], 1, id="the version stays"),
        pytest.param([patch(1, 2, lost=True), patch(2, 2)], 0, id="an answer was lost"),
    ],
)
def test_every_write_changes_something(requests: list[Request], found: int) -> None:
    assert len([*invariants.every_write_changes_something(History(requests=requests))]) == found


def test_attempts_never_fall() -> None:
    counted = [{"failed": 1, "preempted": 0}, {"failed": 1, "preempted": 1}, {"failed": 0, "preempted": 1}]
    versions = [resource(n, attempts=each) for n, each in enumerate(counted)]
    assert len([*invariants.attempts_rise(History(versions))]) == 1
    assert [*invariants.attempts_rise(History(versions[:2]))] == []
    next_start = resource(3, attempts={"failed": 0, "preempted": 0}, jobName="demo-2")
    assert [*invariants.attempts_rise(History([*versions[:2], next_start]))] == []


def test_bugs_of_operator_and_proxy_are_found() -> None:
    history = History(
        log="ERROR: a bug\nTraceback (most recent call last)\nKeyError", proxy_errors=["KeyError"]
    )
    assert len(invariants.broken(history)) == 2
    assert invariants.broken(History()) == []


def test_operator_that_ends_by_itself_is_found() -> None:
    (found,) = invariants.broken(History(log="first\nlast\n", operator_ended=True))
    assert found.endswith("its last words: last")


def test_quiet_allows_what_watches_need() -> None:
    asked = [Request(at, verb, JOBS) for at, verb in ((1.0, "patch"), (3.0, "watch"), (3.0, "list"))]
    assert [*invariants.quiet(History(requests=asked), since=2.0)] == []
    assert [*invariants.quiet(History(requests=[*asked, create(4.0)]), since=2.0)] == [
        "create jobs after the end"
    ]


def test_points_are_all_writes_and_events_in_their_numbers() -> None:
    pod = Version(PODS, "ADDED", {"metadata": {}})
    history = History(requests=[create(0.0), create(1.0), Request(2.0, "list", JOBS)], told=[Told(3.0, pod)])
    assert history.points() == [Point("create jobs", 1), Point("create jobs", 2), Point(PODS, 1)]


def test_each_point_has_the_kinds_that_can_happen_there() -> None:
    at_write, at_event = Point("create jobs", 1), Point(PODS, 2)
    faults = faults_at([at_write, at_event])
    assert {fault.kind for fault in faults} == {*Kind}
    assert {fault.point for fault in faults if fault.kind is Kind.KILL_AFTER} == {at_write}
    assert {fault.point for fault in faults if fault.kind is Kind.DROP} == {at_event}


def test_fault_strikes_at_its_point_and_a_conflict_at_the_next_too() -> None:
    points = [Point("create jobs", number) for number in (1, 2, 3, 4)]
    struck = {kind: [Fault(kind, points[1]).strikes(point) for point in points] for kind in Kind}
    assert struck[Kind.KILL_AFTER] == [False, True, False, False]
    assert struck[Kind.CONFLICT] == [False, True, True, False]
    assert not Fault(Kind.DROP, Point(PODS, 1)).strikes(Point(JOBS, 1))
