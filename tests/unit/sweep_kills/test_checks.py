"""Each check holds of a sweep that went well, and names what breaks it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from segcompress_api.naming import trial_name
from segcompress_operator.resources.names import runner_job_name
from sweep_kills.checks import Writes, broken, most_at_once, outcomes
from sweep_kills.etcd import Change

Body = dict[str, Any]
UID = "5eed"


def trial(revision: int, index: int, *, done: bool = False, point: str = "", why: str = "") -> Change:
    """Return a write of a trial; `why` it has finished, or is about to."""
    name = trial_name("s", UID, index)
    reason = why or ("Succeeded" if done else "")
    finished = [{"type": "Finished", "status": str(done), "reason": reason}] if reason else []
    meta = {
        "name": name,
        "uid": f"uid-{index}",
        "labels": {"segcompress.dev/trial": str(index)},
        "annotations": {"segcompress.dev/parameters": json.dumps({"ratio": point or str(index)})},
    }
    body = {"kind": "SegCompressionJob", "metadata": meta, "status": {"conditions": finished}}
    return change(revision, name, body, version=2 if reason else 1)


def change(revision: int, name: str, body: Body, version: int = 1) -> Change:
    return Change(revision, f"/registry/things/place/{name}", version, json.dumps(body).encode())


def job(revision: int, index: int, version: int = 1) -> Change:
    return change(revision, runner_job_name(trial_name("s", UID, index), f"uid-{index}", 1), {}, version)


def sweep(revision: int, total: int = 0, succeeded: int = 0, stopped: int = 0) -> Change:
    body = {
        "kind": "SegCompressionSweep",
        "metadata": {"name": "s", "uid": UID},
        "spec": {"maxTrials": 2, "parallelTrials": 1},
        "status": {"trials": {"total": total, "succeeded": succeeded, "failed": 0, "stopped": stopped}},
    }
    return change(revision, "s", body)


TRIALS = (trial(2, 0), trial(4, 0, done=True), trial(6, 1), trial(8, 1, done=True))
GOOD = Writes((sweep(1), sweep(3, 1), sweep(9, 2, 2)), TRIALS, (job(2, 0), job(6, 1)))


def test_all_holds_of_one_trial_after_the_other() -> None:
    assert broken(GOOD) == []
    assert most_at_once(GOOD) == 1
    assert [outcome.reason for outcome in outcomes(GOOD).values()] == ["Succeeded", "Succeeded"]


def test_writes_of_one_revision_after_the_other_are_ordered_by_it() -> None:
    assert broken(replace(GOOD, sweep=(sweep(1), sweep(5, 1, 1), sweep(9, 2, 2)))) == []


STOPS = (trial(6, 1), trial(7, 1, why="StoppedEarly"), trial(9, 1, why="StoppedEarly", done=True))
STOPPED = Writes(
    (sweep(1), sweep(3, 1), sweep(10, 2, 1, 1)),
    (*TRIALS[:2], *STOPS),
    (job(2, 0), job(6, 1), job(8, 1, version=0)),
)


def test_all_holds_of_a_trial_that_is_stopped_early() -> None:
    assert broken(STOPPED) == []
    result = replace(STOPPED, trials=(*STOPPED.trials[:-1], TRIALS[-1]), sweep=(sweep(1), sweep(10, 2, 2)))
    assert broken(result) == []  # its pod ended well before it was stopped


@pytest.mark.parametrize(
    ("writes", "words"),
    [
        pytest.param(
            replace(STOPPED, jobs=(*STOPPED.jobs, job(11, 0, version=0))), "was deleted", id="another's Job"
        ),
        pytest.param(replace(STOPPED, jobs=STOPPED.jobs[:2]), "before its Job was gone", id="its Job stays"),
        pytest.param(
            replace(STOPPED, jobs=(*STOPPED.jobs[:2], job(10, 1, version=0))),
            "before its Job was gone",
            id="its Job goes later",
        ),
        pytest.param(
            replace(STOPPED, trials=(*TRIALS[:2], *STOPS[:2], trial(8, 1, why="NotFinished"), STOPS[2])),
            "was to be stopped, and goes on at revision 8",
            id="it goes on",
        ),
        pytest.param(
            replace(STOPPED, sweep=(sweep(1), sweep(10, 2, 2))),
            "in the end 0 trials are counted as stopped early, of 1",
            id="counted as another",
        ),
    ],
)
def test_what_is_wrong_with_a_trial_that_was_stopped_is_named(writes: Writes, words: str) -> None:
    assert any(words in problem for problem in broken(writes))


@pytest.mark.parametrize(
    ("writes", "words"),
    [
        pytest.param(
            replace(GOOD, trials=(*TRIALS, trial(10, 0, done=False), trial(11, 0, done=True))),
            "was created 2 times",
            id="trial made twice",
        ),
        pytest.param(replace(GOOD, jobs=(*GOOD.jobs, job(7, 1))), "was created 2 times", id="Job made twice"),
        pytest.param(replace(GOOD, jobs=(*GOOD.jobs, job(7, 1, version=0))), "was deleted", id="Job deleted"),
        pytest.param(replace(GOOD, jobs=GOOD.jobs[:1]), "is missing", id="Job missing"),
        pytest.param(replace(GOOD, trials=TRIALS[:2]), "is missing", id="trial missing"),
        pytest.param(
            replace(GOOD, trials=(*TRIALS, trial(10, 2), trial(11, 2, done=True))),
            "is one too many",
            id="one trial too many",
        ),
        pytest.param(
            replace(GOOD, trials=(*TRIALS[:2], trial(6, 1, point="0"), trial(8, 1, done=True, point="0"))),
            "was tried 2 times",
            id="point tried twice",
        ),
        pytest.param(
            replace(GOOD, trials=(TRIALS[0], TRIALS[2], TRIALS[1], TRIALS[3])),
            "2 trials in flight at revision 6, 1 allowed",
            id="two in flight",
        ),
        pytest.param(
            replace(GOOD, sweep=(sweep(1, 1), *GOOD.sweep[1:])),
            "at revision 1 the status counts 1 trials",
            id="counted before it was made",
        ),
        pytest.param(
            replace(GOOD, sweep=(sweep(3, 1, 1), GOOD.sweep[-1])),
            "at revision 3 the status counts 1 trials, 1 of them ended",
            id="counted before its end",
        ),
        pytest.param(
            replace(GOOD, sweep=(sweep(5, 1, 1), sweep(7, 1), GOOD.sweep[-1])),
            "it counted 1 and 1 before",
            id="counted back",
        ),
        pytest.param(
            replace(GOOD, sweep=(sweep(9, 1, 1),)), "in the end 1 trials are counted", id="one not counted"
        ),
    ],
)
def test_what_breaks_is_named(writes: Writes, words: str) -> None:
    assert any(words in problem for problem in broken(writes))
