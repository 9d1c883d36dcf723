"""Sweeps on a real API server: which trials are created, and what the status says."""

import json

import pytest
import yaml

from documents import ROOT
from integration.operator import objects
from integration.operator.api import Api, eventually
from integration.operator.process import Operator
from integration.operator.sweep_stage import GRID, PARAMETERS, SweepStage, sweep_spec
from segcompress_api.naming import trial_name


@pytest.fixture
def sweep(api: Api, namespace: str, everywhere: Operator) -> SweepStage:
    assert everywhere.runs()
    return SweepStage(api, namespace)


def test_a_grid_runs_two_at_a_time_to_its_frontier(sweep: SweepStage) -> None:
    sweep.apply(sweep_spec())
    sweep.plays()
    condition = sweep.reaches("Complete", "Succeeded")
    assert sweep.points() == GRID
    assert sweep.most_at_once == 2
    status = sweep.status()
    counts = {"total": 6, "running": 0, "succeeded": 6, "failed": 0, "rejected": 0, "stopped": 0}
    assert status["trials"] == counts
    # The lower rate is beaten at every ratio, and 0.8 at the higher one keeps the constraint just so.
    assert [entry["parameters"] for entry in status["frontier"]] == [GRID[1], GRID[3], GRID[5]]
    best = status["bestTrial"]
    assert best["name"] == sweep.trials()[1]["metadata"]["name"]
    assert best["metrics"] == {
        "compressed.miou": "0.9300",
        "compressed.latencyMs": "40.000",
        "miouDrop": "0.0000",
    }
    assert best["name"] in condition["message"]
    assert (status["phase"], sweep.condition("Ready")["status"]) == ("Succeeded", "True")
    eventually(lambda: sweep.events() == ["Started", "Succeeded"], "its Events")


def test_a_trial_is_a_job_like_any_other(sweep: SweepStage) -> None:
    template = {"metadata": {"labels": {"team": "vision"}}, "spec": objects.SPEC}
    made = sweep.apply(sweep_spec(template=template))
    trial = sweep.await_trials(2)[0]
    assert trial["metadata"]["labels"]["team"] == "vision"
    assert trial["spec"]["strategy"]["TrainConfig"]["learning_rate"] == 0.001
    assert trial["spec"]["output"] == objects.SPEC["output"]
    (owner,) = trial["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["controller"]) == (
        "SegCompressionSweep",
        made["metadata"]["uid"],
        True,
    )


def test_a_suspended_sweep_holds_no_pod_and_goes_on_when_it_is_resumed(sweep: SweepStage) -> None:
    sweep.apply(sweep_spec())
    sweep.plays(until=1)
    eventually(lambda: sweep.counted("total") == 3, "a third trial")
    sweep.await_pods(2)
    sweep.edit(suspend=True)
    sweep.reaches("Reconciling", "Suspended", "False")
    status = sweep.status()
    assert (status["phase"], status["trials"]["running"]) == ("Suspended", 2)
    assert sweep.pods() == []
    assert [each["spec"]["suspend"] for each in sweep.trials()] == [False, True, True]
    before = sweep.identities()
    sweep.edit(suspend=False)
    sweep.plays()
    sweep.reaches("Complete", "Succeeded")
    assert sweep.identities()[:3] == before
    assert sweep.points() == GRID
    assert sweep.most_at_once == 2
    eventually(lambda: sweep.events() == ["Resumed", "Started", "Succeeded", "Suspended"], "its Events")


def test_a_sweep_created_suspended_starts_when_it_is_resumed(sweep: SweepStage) -> None:
    sweep.apply(sweep_spec(suspend=True))
    sweep.reaches("Suspended", "Suspended")
    assert sweep.trials() == []
    sweep.edit(suspend=False)
    sweep.await_trials(2)


def test_more_trials_run_when_parallel_trials_is_raised_and_none_ends_when_it_is_lowered(
    sweep: SweepStage,
) -> None:
    sweep.apply(sweep_spec(parallelTrials=1))
    sweep.await_pods(1)
    assert len(sweep.trials()) == 1
    sweep.edit(parallelTrials=4)
    sweep.await_pods(4)
    sweep.edit(parallelTrials=1)
    sweep.plays(until=3)
    eventually(lambda: sweep.counted("succeeded") == 3, "three ends")
    assert (len(sweep.trials()), len(sweep.pods())) == (4, 1)
    sweep.edit(maxTrials=5)
    sweep.plays()
    sweep.reaches("Complete", "Succeeded")
    assert len(sweep.trials()) == 5


@pytest.mark.parametrize("name", ["Random", "TPE", "NSGAII"])
def test_every_algorithm_searches_a_finite_space_to_its_end(sweep: SweepStage, name: str) -> None:
    sweep.apply(sweep_spec(algorithm={"name": name, "startupTrials": 2}))
    sweep.plays()
    sweep.reaches("Complete", "Succeeded")
    assert sorted(map(str, sweep.points())) == sorted(map(str, GRID))


def test_failed_trials_are_counted_and_end_the_sweep(sweep: SweepStage) -> None:
    sweep.apply(sweep_spec(maxFailedTrials=0, parallelTrials=3))
    first, second, third = sorted(sweep.await_pods(3), key=lambda pod: pod["metadata"]["name"])
    sweep.ends(first)
    missed = objects.result("SparsityNotReached", metrics=objects.METRICS, artifacts=objects.ARTIFACTS)
    sweep.ends(second, 4, missed)
    eventually(lambda: sweep.counted("failed") == 1, "a missed gate counted")
    assert sweep.condition("Finished")["status"] == "False"
    sweep.ends(third, 3, objects.result("InputNotFound"))
    words = sweep.reaches("Failed", "MaxFailedTrialsExceeded")["message"]
    assert words == "1 trial(s) ended without metrics, spec.maxFailedTrials is 0"
    assert sweep.pods() == []
    status = sweep.status()
    assert (status["trials"]["failed"], status["trials"]["rejected"]) == (2, 1)
    assert len(status["frontier"]) == 1


def test_a_metric_that_no_trial_measures_ends_the_sweep_once_its_trials_have_stopped(
    sweep: SweepStage,
) -> None:
    contours = [{"metric": "compressed.boundaryIou", "goal": "Maximize"}]
    sweep.apply(sweep_spec(objectives=contours, parallelTrials=4))
    sweep.plays(until=3)
    words = sweep.reaches("Failed", "MetricNotMeasured")["message"]
    assert words.startswith("none of the 3 trial(s) measured so far has compressed.boundaryIou; they have: ")
    assert sweep.pods() == []
    status = sweep.status()
    assert status["phase"] == "Failed"
    assert 4 <= status["trials"]["total"] <= 6  # each of the first two ends may have been followed by a trial
    assert sweep.condition("FailureTarget")["message"] == words


def test_the_example_is_searched_to_its_frontier(sweep: SweepStage) -> None:
    sweep.apply(yaml.safe_load((ROOT / "examples/04-sweep/sweep.yaml").read_text())["spec"])
    sweep.plays()
    sweep.reaches("Complete", "Succeeded")
    status = sweep.status()
    assert (status["trials"]["total"], sweep.most_at_once) == (8, 2)
    assert len({str(point) for point in sweep.points()}) == 8
    assert 1 <= len(status["frontier"]) <= 8


def test_a_wrong_path_gets_its_condition(sweep: SweepStage) -> None:
    wrong = [{**PARAMETERS[0], "path": "strategy.UnstructurPrune.ratio"}]
    sweep.apply(sweep_spec(parameters=wrong))
    stalled = sweep.reaches("Stalled", "InvalidSpec")
    assert stalled["message"].endswith("did you mean strategy.UnstructurePrune.ratio?")
    assert sweep.condition("Ready")["status"] == "False"
    assert sweep.trials() == []


def test_a_job_in_the_way_is_not_taken_over(sweep: SweepStage) -> None:
    made = sweep.apply(sweep_spec(suspend=True))
    sweep.reaches("Suspended", "Suspended")
    name = trial_name("widths", made["metadata"]["uid"], 0)
    sweep.api.create("scj", sweep.namespace, objects.resource(name))
    sweep.edit(suspend=False)
    assert name in sweep.reaches("Failed", "NameConflict")["message"]


def test_trials_go_with_their_sweep(sweep: SweepStage) -> None:
    sweep.apply(sweep_spec())
    sweep.await_pods(2)
    sweep.api.delete("scs", sweep.namespace, sweep.name)
    eventually(lambda: sweep.api.list("scj", sweep.namespace) == [], "no trial left")
    eventually(lambda: sweep.api.list("jobs", sweep.namespace) == [], "no Job left")


def test_a_trial_that_was_deleted_is_made_again(sweep: SweepStage) -> None:
    sweep.apply(sweep_spec())
    first, second = sweep.await_trials(2)
    sweep.api.delete("scj", sweep.namespace, first["metadata"]["name"])
    again = eventually(
        lambda: next((each for each in sweep.identities() if each[0] == first["metadata"]["name"]), None),
        "the trial made again",
    )
    eventually(lambda: dict(sweep.identities()).get(again[0]) != first["metadata"]["uid"], "another uid")
    sweep.plays()
    assert sweep.points() == GRID
    assert second["metadata"]["uid"] in dict(sweep.identities()).values()


def test_a_sweep_s_object_is_small(sweep: SweepStage) -> None:
    seeds = {"name": "seed", "path": "seed", "range": {"min": "1", "max": "40", "step": "1"}}
    sweep.apply(sweep_spec(parameters=[PARAMETERS[0], seeds], parallelTrials=20, maxTrials=40))
    sweep.plays(until=10)
    body = sweep.api.get("scs", sweep.namespace, sweep.name)
    body["metadata"].pop("managedFields", None)
    assert len(json.dumps(body)) < 32 * 1024


def test_a_sweep_starts_from_jobs_that_ended_before(sweep: SweepStage) -> None:
    for index, at in enumerate((GRID[1], GRID[3])):
        sweep.done_before(f"by-hand-{index}", at, {"model": "lite"})
    sweep.done_before("of-others", GRID[0], {"model": "other"})
    learning = {"algorithm": {"name": "TPE", "startupTrials": 2}}
    sweep.apply(sweep_spec(**learning, knownTrials={"matchLabels": {"model": "lite"}}))
    eventually(lambda: "; 2 known trial(s)" in sweep.condition("Reconciling").get("message", ""), "two known")
    sweep.plays()
    sweep.reaches("Complete", "Succeeded")
    assert sorted(map(str, sweep.points())) == sorted(str(at) for at in GRID if at not in (GRID[1], GRID[3]))
    assert sweep.status()["bestTrial"]["name"] == "by-hand-0"
    assert sweep.counted("total") == 4
