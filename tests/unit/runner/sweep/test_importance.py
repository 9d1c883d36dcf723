import json

import pytest

from segcompress_runner.outputs.sweep import importance
from segcompress_runner.outputs.sweep.importance import LEAST, importance_of
from segcompress_runner.outputs.sweep.reading import read_sweep
from sweeps import KIND, LATENCY, MIOU, NAME, RATE, RATIO, Sweep, swept, text


def test_the_parameter_that_decides_is_the_important_one() -> None:
    found = importance_of(swept(Sweep(trials=60, parameters=(RATE, KIND, RATIO))))
    assert list(found.shares) == [MIOU["metric"], LATENCY["metric"]]
    for shares in found.shares.values():
        assert max(shares, key=lambda name: shares[name]) == "ratio"
        assert sum(shares.values()) == pytest.approx(1)


def test_same_trials_have_the_same_importance() -> None:
    sweep = Sweep(trials=30)
    assert importance_of(swept(sweep)) == importance_of(swept(sweep))


def test_few_trials_are_said_to_be_too_few() -> None:
    few = importance_of(swept(Sweep(trials=LEAST)))  # the last one failed
    assert (few.shares, few.trials) == ({}, LEAST - 1)
    assert few.missing == "9 trials have metrics; at least 10 are needed."
    assert not importance_of(swept(Sweep(trials=LEAST + 1))).missing


def test_one_parameter_needs_no_importance() -> None:
    assert importance_of(swept(Sweep(parameters=(RATIO,)))).missing.startswith("There is only one parameter")


def test_objective_that_nothing_changed_has_none() -> None:
    document = json.loads(text())
    for job in document["items"][1:]:
        if "metrics" in job["status"]:
            job["status"]["metrics"]["compressed"]["miou"] = "0.9000"
    found = importance_of(read_sweep(json.dumps(document), "-", NAME))
    assert list(found.shares) == [LATENCY["metric"]]


def test_parameters_that_never_changed_have_none() -> None:
    document = json.loads(text())
    for job in document["items"][1:]:
        point = json.dumps({"ratio": "0.5", "rate": "0.001"})
        job["metadata"]["annotations"] = {"segcompress.dev/parameters": point}
    found = importance_of(read_sweep(json.dumps(document), "-", NAME))
    assert (found.shares, found.missing) == ({}, "No parameter changed any objective.")


def test_missing_optuna_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importance, "find_spec", lambda _: None)
    assert importance_of(swept()).missing.endswith("install segcompress[operator].")
