"""What a plan creates and reports while a sweep runs."""

from typing import Any

import pytest
import yaml

from documents import ROOT
from segcompress_api.naming import short_hash
from segcompress_operator.planning.parsing import parse_resource
from segcompress_operator.planning.sweeps.making import MORE_A_ROUND, TRIALS_A_ROUND
from segcompress_operator.planning.sweeps.observed import SweepObserved
from segcompress_operator.planning.sweeps.plan import SweepPlan, plan_sweep
from unit.operator.samples import NOW, SETTINGS, SPEC
from unit.operator.sweeps.sweep_samples import (
    NAMES,
    SWEEP,
    P,
    again,
    child,
    child_body,
    conditions,
    ended,
    make_sweep,
    message,
    names,
    plan,
    points,
    spec_body,
    status_of,
)


def test_a_new_sweep_makes_as_many_trials_as_may_run() -> None:
    made = plan()
    assert (names(made), points(made)) == (NAMES[:2], P[:2])
    assert NAMES[0] == f"widths-{short_hash(SWEEP.uid)}-0"
    manifest = made.create[0]
    assert manifest["spec"]["strategy"]["UnstructurePrune"]["ratio"] == 0.5
    assert manifest["spec"]["seed"] == 1
    assert manifest["metadata"]["labels"]["segcompress.dev/sweep-name"] == "widths"
    assert manifest["metadata"]["labels"]["segcompress.dev/trial"] == "0"
    assert manifest["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "segcompress.dev/v1alpha1",
            "kind": "SegCompressionSweep",
            "name": "widths",
            "uid": SWEEP.uid,
            "controller": True,
            "blockOwnerDeletion": False,
        }
    ]


def test_the_example_makes_trials() -> None:
    body = yaml.safe_load((ROOT / "examples/04-sweep/sweep.yaml").read_text())
    made = plan(spec=body["spec"])
    assert len(made.create) == body["spec"]["parallelTrials"] == 2
    ratios = body["spec"]["parameters"][0]["values"]
    assert all(point["ratio"] in ratios for point in points(made))


def test_labels_of_the_template_are_each_trial_s() -> None:
    queue = {"kueue.x-k8s.io/queue-name": "gpus", "team": "vision"}
    made = plan(spec=spec_body(template={"metadata": {"labels": queue}, "spec": SPEC}))
    assert made.create[0]["metadata"]["labels"].items() >= queue.items()


@pytest.mark.parametrize(
    ("children", "expected"),
    [
        pytest.param([child(0, P[0])], [1], id="one runs"),
        pytest.param([child(0, P[0]), child(1, P[1])], [], id="two run"),
        pytest.param([child(0, P[0], ended(miou=0.9, latency=9)), child(1, P[1])], [2], id="one ended"),
        pytest.param(
            [child(1, P[1]), child(2, P[2], ended(miou=0.9, latency=9))], [0], id="the first is gone"
        ),
        pytest.param([child(n, P[n]) for n in range(3)], [], id="more than may run"),
    ],
)
def test_the_least_free_indices_are_made_up_to_the_limit(children: list[Any], expected: list[int]) -> None:
    made = plan(*children)
    assert names(made) == [NAMES[n] for n in expected]
    assert points(made) == [P[n] for n in expected]
    assert made.suspend == ()


def test_more_may_run_and_be_made_while_it_runs() -> None:
    children = [child(0, P[0]), child(1, P[1])]
    assert names(plan(*children, spec=spec_body(parallelTrials=4))) == NAMES[2:4]
    assert names(plan(*children, spec=spec_body(parallelTrials=4, maxTrials=3))) == NAMES[2:3]


def test_fewer_than_there_are_make_no_more_and_end_with_the_last() -> None:
    children = [child(0, P[0]), *(child(n, P[n], ended(miou=0.9, latency=9)) for n in (1, 2))]
    made = plan(*children, spec=spec_body(maxTrials=1))
    assert (made.create, made.suspend) == ((), ())
    assert message(made, "Reconciling") == ("Running", "1 trial(s) running, 2 of 3 ended")
    last = plan(child(0, P[0], ended()), *children[1:], spec=spec_body(maxTrials=1))
    assert conditions(last)["Complete"] == "True"


def test_a_round_makes_a_bounded_number_of_trials() -> None:
    many = {"name": "seed", "path": "seed", "range": {"min": "1", "max": "10000", "step": "1"}}
    made = plan(spec=spec_body(parameters=[many], parallelTrials=1000, maxTrials=10_000))
    assert len(made.create) == MORE_A_ROUND


@pytest.mark.parametrize(
    ("in_flight", "running", "parallel", "expected"),
    [
        (16, 16, 1000, 16),  # some more
        (16, 3, 1000, 13 + 16),  # and a new one for each that has ended
        (0, 9, 1000, 16),  # after a start of the operator
        (100, 90, 100, 10),
        (100, 0, 1000, TRIALS_A_ROUND),
        (50, 20, 5, 0),  # parallelTrials was lowered
    ],
)
def test_trials_in_flight_grow_step_by_step(
    in_flight: int, running: int, parallel: int, expected: int
) -> None:
    many = {"name": "seed", "path": "seed", "range": {"min": "1", "max": "10000", "step": "1"}}
    spec = spec_body(parameters=[many], parallelTrials=parallel, maxTrials=10_000)
    children = tuple(child(n, {"seed": str(n + 1)}) for n in range(running))
    made = plan_sweep(make_sweep(spec), SweepObserved(children, in_flight=in_flight), SETTINGS, NOW)
    assert len(made.create) == expected
    assert made.running == running


def test_a_job_that_only_looks_like_a_trial_is_none() -> None:
    body = child_body(0, P[0], ended(miou=0.99, latency=1))
    body["metadata"]["name"] = "mine"
    made = plan(parse_resource(body))
    assert names(made) == NAMES[:2]
    assert status_of(made).trials.total == 0  # type: ignore[union-attr]


def test_a_running_sweep_says_how_far_it_is() -> None:
    made = plan(child(0, P[0]), child(1, P[1], ended(miou=0.9, latency=30, drop=0.01)))
    status = status_of(made)
    assert status.trials is not None
    counts = {"total": 2, "running": 1, "succeeded": 1, "failed": 0, "rejected": 0, "stopped": 0}
    assert status.trials.to_wire() == counts
    assert conditions(made) == {
        "Complete": "False",
        "Failed": "False",
        "Suspended": "False",
        "Finished": "False",
        "Stalled": "False",
        "Ready": "False",
        "Reconciling": "True",
    }
    assert message(made, "Reconciling") == ("Running", "1 trial(s) running, 1 of 6 ended")
    assert (status.phase, status.observed_generation) == ("Running", 1)
    assert status.best_trial is not None
    assert status.best_trial.to_wire() == {
        "name": NAMES[1],
        "parameters": P[1],
        "metrics": {"compressed.miou": "0.9000", "compressed.latencyMs": "30.000"},
    }
    assert status.start_time == "2026-11-01T12:00:00Z"


def test_first_trial_and_nothing_else_is_announced() -> None:
    made = plan(child(0, P[0]), child(1, P[1]))
    assert [said.reason for said in made.announcements] == ["Started"]
    assert plan(child(0, P[0]), child(1, P[1]), status=again(made)).announcements == ()


def test_missed_gates_are_told_apart_from_failures() -> None:
    rejected = child(0, P[0], ended("SparsityNotReached", miou=0.99, latency=1))
    failed = child(1, P[1], ended("RunnerCrashed"))
    made = plan(rejected, failed, child(2, P[2], ended(miou=0.9, latency=9)))
    trials = status_of(made).trials
    assert trials is not None
    counts = {"total": 3, "running": 0, "succeeded": 1, "failed": 2, "rejected": 1, "stopped": 0}
    assert trials.to_wire() == counts
    assert [entry.name for entry in status_of(made).frontier or ()] == [NAMES[2]]


def test_a_sweep_that_is_being_deleted_makes_nothing() -> None:
    sweep = make_sweep(deletionTimestamp="2026-11-01T12:00:00Z")
    assert plan_sweep(sweep, SweepObserved(), SETTINGS, NOW) == SweepPlan()


@pytest.mark.parametrize("name", ["Grid", "Random", "TPE", "NSGAII"])
def test_every_algorithm_plays_a_sweep_to_its_end(name: str) -> None:
    spec = spec_body(algorithm={"name": name, "seed": 1, "startupTrials": 2})
    children: dict[int, Any] = {}
    made = plan(spec=spec)
    while made.create:
        for manifest in made.create:
            index = int(manifest["metadata"]["labels"]["segcompress.dev/trial"])
            point = points(SweepPlan(create=(manifest,)))[0]
            assert index not in children
            children[index] = child(index, point, ended(miou=0.8 + index / 100, latency=20 + index))
        made = plan(*children.values(), spec=spec)
    assert status_of(made).phase == "Succeeded"
    assert sorted(children) == list(range(6))
    assert len({each.trial.parameters for each in children.values()}) == 6


def test_the_status_is_small_whatever_the_number_of_trials() -> None:
    many = [{"name": f"p{n}", "path": f"runtime.nodeSelector.k{n}", "values": ["v" * 60]} for n in range(15)]
    seeds = {"name": "seed", "path": "seed", "range": {"min": "0", "max": "999", "step": "1"}}
    spec = spec_body(parameters=[*many, seeds], maxTrials=1000)
    point = {f"p{n}": "v" * 60 for n in range(15)}
    children = [
        child(n, {**point, "seed": str(n)}, ended(miou=0.5 + n / 10_000, latency=20 + n)) for n in range(1000)
    ]
    made = plan(*children, spec=spec)
    assert status_of(made).phase == "Succeeded"
    assert len(status_of(made).model_dump_json(by_alias=True)) < 24 * 1024
