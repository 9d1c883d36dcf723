"""Known trials: which jobs count, as which points, and their effect on the sweep."""

import asyncio
import copy
from typing import Any

import pytest

from segcompress_api.space import space_of
from segcompress_operator.errors import RetryableError
from segcompress_operator.planning.sweeps.known import KNOWN_LIMIT, KnownJob, KnownQuery, as_trials, newest
from segcompress_operator.sweep_controller import SweepController
from unit.operator.fed import versioned
from unit.operator.samples import NOW, SPEC
from unit.operator.sweeps.fed_sweeps import REF, FakeCluster, FedSweeps, round_of
from unit.operator.sweeps.fed_sweeps import plan as planned
from unit.operator.sweeps.sweep_samples import (
    RATE,
    RATIO,
    SEED,
    SWEEP,
    child,
    child_body,
    conditions,
    ended,
    message,
    plan,
    points,
    spec_body,
    sweep_body,
    sweep_spec,
    trial,
)

LEARNING = {
    "algorithm": {"name": "TPE", "startupTrials": 2},
    "knownTrials": {"matchLabels": {"b": "2", "a": ""}},
}
GOOD = ended(miou=0.9, latency=30)


def query(*parameters: dict[str, Any]) -> KnownQuery:
    spec = sweep_spec(**LEARNING, parameters=list(parameters or (RATIO, SEED)))
    return KnownQuery(SWEEP.uid, (("a", ""), ("b", "2")), space_of(spec.parameters))


def job(name: str = "by-hand", status: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Return a job that somebody made; `fields` go into its spec, `ratio` into its strategy."""
    spec = copy.deepcopy(SPEC)
    spec["strategy"]["UnstructurePrune"]["ratio"] = fields.pop("ratio", 0.65)
    meta = {"name": name, "namespace": SWEEP.namespace, "uid": name, "generation": 1, "resourceVersion": "20"}
    return {"metadata": meta, "spec": {**spec, "seed": 2, **fields}, "status": status or GOOD}


def test_what_is_asked_for_are_the_labels() -> None:
    assert query().selector == "a=,b=2"


def test_job_that_ended_at_a_point_of_the_sweep_is_a_trial() -> None:
    (found,) = query().jobs([job()])
    (made,) = as_trials([found])
    assert (made.index, made.name, made.point) == (-1, "by-hand", {"ratio": "0.65", "seed": "2"})
    assert (made.state, made.figures["compressed.miou"]) == ("Succeeded", "0.9000")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(job(status={"observedGeneration": 1, "phase": "Running"}), id="it runs"),
        pytest.param(job(ratio=0.7), id="a value that the sweep has not"),
        pytest.param(job(ratio="0.65"), id="a string for a number"),
        pytest.param(job(seed=True), id="true for 1"),
        pytest.param(job(strategy={"QuantPost": {}}), id="another strategy"),
        pytest.param(job(strategy=7), id="no strategy at all"),
        pytest.param(child_body(0, {"ratio": "0.5", "seed": "1"}, GOOD), id="a trial of its own"),
    ],
)
def test_other_job_is_left_out(body: dict[str, Any]) -> None:
    assert query().jobs([body]) == []


@pytest.mark.parametrize(
    ("parameter", "value", "expected"),
    [
        pytest.param({**SEED, "range": {"min": "0", "max": "9"}}, 2, "2", id="whole numbers"),
        pytest.param({**SEED, "range": {"min": "0", "max": "9", "step": "5"}}, 2, None, id="between steps"),
        pytest.param({**SEED, "range": {"min": "3", "max": "9"}}, 2, None, id="out of bounds"),
        pytest.param({**SEED, "values": ["2"]}, 2.0, "2", id="2.0"),
    ],
)
def test_number_is_a_coordinate_where_the_axis_has_it(
    parameter: dict[str, Any], value: float, expected: str | None
) -> None:
    if "range" in parameter:
        parameter = {key: each for key, each in parameter.items() if key != "values"}
    found = query(parameter).jobs([job(seed=value)])
    assert [each.trial.point for each in found] == ([] if expected is None else [{"seed": expected}])


@pytest.mark.parametrize(("value", "expected"), [(0.0123456789, ["0.0123457"]), (0.2, []), (True, [])])
def test_number_between_two_bounds_is_rounded_as_a_proposal_is(value: float, expected: list[str]) -> None:
    body = job()
    body["spec"]["strategy"]["TrainConfig"]["learning_rate"] = value
    assert [each.trial.point["lr"] for each in query(RATE).jobs([body])] == expected


def test_newest_jobs_are_kept() -> None:
    days = [KnownJob(f"2026-01-{day:02}T00:00:00Z", trial(0, {}, "Succeeded")) for day in (3, 1, 2)]
    assert [each.ended[8:10] for each in newest(days)] == ["01", "02", "03"]
    assert newest(days * KNOWN_LIMIT)[0].ended[8:10] == "03"
    assert len(newest(days * KNOWN_LIMIT)) == KNOWN_LIMIT


def test_jobs_are_read_before_anything_is_made() -> None:
    made = plan(spec=spec_body(**LEARNING))
    assert made.read_known is not None
    assert (made.read_known.selector, made.read_known.sweep_uid) == ("a=,b=2", SWEEP.uid)
    assert (made.create, made.status) == ((), None)
    again = plan(spec=spec_body(**LEARNING), known=())
    assert (again.read_known, len(again.create)) == (None, 2)
    assert message(again, "Reconciling")[1] == "0 trial(s) running, 0 of 6 ended; 0 known trial(s)"


def test_known_points_are_not_tried_again_and_stand_in_the_frontier() -> None:
    seeds = ("1", "2")
    known = [KnownJob("", trial(0, {"ratio": "0.5", "seed": seed}, **figures(0.8))) for seed in seeds]
    known += [KnownJob("", trial(0, {"ratio": "0.65", "seed": seed}, **figures(0.9))) for seed in seeds]
    made = plan(spec=spec_body(**LEARNING), known=as_trials(known))
    assert sorted(each["seed"] for each in points(made)) == ["1", "2"]
    assert {each["ratio"] for each in points(made)} == {"0.8"}
    assert made.status is not None
    assert made.status.best_trial is not None
    assert made.status.best_trial.parameters == {"ratio": "0.65", "seed": "1"}
    assert made.status.trials is not None
    assert made.status.trials.total == 0


def test_sweep_with_nothing_left_to_try_ends_with_the_best_known() -> None:
    known = as_trials([KnownJob("", trial(0, {"ratio": "0.5"}, **figures(0.8)))])
    last = child(0, {"ratio": "0.65"}, ended(miou=0.7, latency=40))
    only = {**RATIO, "values": ["0.5", "0.65"]}
    made = plan(last, spec=spec_body(**LEARNING, parameters=[only]), known=known)
    assert conditions(made)["Complete"] == "True"
    assert message(made, "Complete")[1].startswith("1 trial(s) ended; best is widths-0: compressed.miou 0.8")


def test_sweep_that_fails_on_the_way_keeps_the_best_known() -> None:
    known = as_trials([KnownJob("", trial(0, {"ratio": "0.5", "seed": "1"}, **figures(0.9)))])
    worse = child(0, {"ratio": "0.65", "seed": "1"}, ended(miou=0.7, latency=40))
    made = plan(worse, spec=spec_body(**LEARNING, parameters=[{**RATIO, "values": ["7", "8"]}]), known=known)
    assert message(made, "Failed")[0] == "InvalidSpec"
    assert made.status is not None
    assert made.status.best_trial is not None
    assert made.status.best_trial.metrics["compressed.miou"] == "0.9"


def test_known_trials_are_read_once_in_the_life_of_a_sweep() -> None:
    fed = FedSweeps()
    learning = spec_body(algorithm={"name": "TPE"}, knownTrials={"matchLabels": {"model": "lite"}})
    fed.sink.seen(sweep_body(learning))
    cluster = FakeCluster(fed)
    cluster.spec = learning
    controller = SweepController(fed.sweeps, planned, cluster, lambda: NOW)
    asyncio.run(controller.reconcile(REF))
    assert cluster.calls[0] == ("pages", "model=lite")
    assert cluster.names[1:4] == ["create", "create", "status"]
    assert cluster.status["bestTrial"]["name"] == "one"
    cluster.calls.clear()
    asyncio.run(controller.reconcile(REF))
    assert cluster.calls == []
    sweep = fed.sweeps.sweep(REF)
    assert sweep is not None
    assert [each.name for each in fed.sweeps.observe(sweep).known or ()] == ["one", "two"]
    fed.sink.seen(versioned(sweep_body(learning, ended()), 900))
    assert fed.sweeps.observe(sweep).known is None


def test_known_trials_that_cannot_be_read_are_asked_for_again() -> None:
    learning = spec_body(algorithm={"name": "TPE"}, knownTrials={"matchLabels": {"model": "lite"}})
    cluster, error = round_of(learning, pages=RetryableError("away"))
    assert (cluster.names, isinstance(error, RetryableError)) == (["pages"], True)


def figures(miou: float) -> dict[str, str]:
    return {"compressed_miou": str(miou), "compressed_latencyMs": "30.000"}
