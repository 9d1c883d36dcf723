import pytest

from segcompress_runner.outputs.sweep import importance
from segcompress_runner.outputs.sweep.importance import LEAST, importance_of
from sweeps import KIND, LATENCY, MIOU, RATE, RATIO, Sweep, swept


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
    assert few.missing == "9 trials have figures; it takes 10 to tell which parameter matters."
    assert not importance_of(swept(Sweep(trials=LEAST + 1))).missing


def test_one_parameter_needs_no_importance() -> None:
    assert importance_of(swept(Sweep(parameters=(RATIO,)))).missing.startswith("There is one parameter")


def test_missing_optuna_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importance, "find_spec", lambda _: None)
    assert importance_of(swept()).missing.endswith("install segcompress[operator].")
