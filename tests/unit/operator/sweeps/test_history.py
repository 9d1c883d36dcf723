"""A history that is brought up to date says what a new one says, whatever changed in between."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segcompress_api.space import space_of
from segcompress_api.trials import target_of
from segcompress_operator.planning.observed import Resource
from segcompress_operator.planning.parsing import parse_resource
from segcompress_operator.planning.sweeps import history as histories
from segcompress_operator.planning.sweeps.history import History, Memo, Terms
from segcompress_operator.planning.sweeps.observed import SweepObserved
from segcompress_operator.planning.sweeps.plan import plan_sweep
from segcompress_operator.planning.sweeps.trials import trial_of
from unit.operator.samples import NOW, SETTINGS
from unit.operator.sweeps.sweep_samples import (
    SWEEP,
    P,
    child,
    child_body,
    curve,
    ended,
    make_sweep,
    spec_body,
    suspended,
    sweep_spec,
    trial,
)

SPEC = sweep_spec(constraints=[{"metric": "miouDrop", "max": "0.02"}])
KNOWN = (
    trial(-1, {"ratio": "0.9", "seed": "1"}, compressed_miou="0.95", compressed_latencyMs="31", miouDrop="0"),
)
TERMS = Terms(SWEEP, target_of(SPEC), space_of(SPEC.parameters), KNOWN)
RUNNING = {"observedGeneration": 1, "phase": "Running"}

statuses = st.one_of(
    st.just(RUNNING),
    st.builds(lambda miou: {**RUNNING, **curve(miou)}, st.integers(1, 9)),
    st.just(suspended()),
    st.just(suspended(stops=True)),
    st.sampled_from(("StoppedEarly", "RunnerCrashed")).map(ended),
    st.builds(
        lambda reason, miou, latency, drop: ended(reason, miou=miou / 10, latency=latency, drop=drop / 100),
        st.sampled_from(("Succeeded", "AcceptanceNotMet")),
        st.integers(1, 9),
        st.integers(1, 9),
        st.integers(0, 3),
    ),
)
children = st.dictionaries(st.integers(0, 9), statuses, max_size=8)
"""Statuses of trials by their index."""


def records(
    by_index: dict[int, Any], before: Sequence[Resource] = (), *, uid: str = "trial"
) -> tuple[Resource, ...]:
    """Return the trials as a store has them: those that have not changed are the same records."""
    made = [
        parse_resource(child_body(index, P[index % len(P)], status, uid=f"{uid}-{index}"))
        for index, status in by_index.items()
    ]
    return tuple(next((old for old in before if old == new), new) for new in made)


def said(history: History, end: int = 12) -> list[Any]:
    """Return everything that is read from a history."""
    names = ("compressed.miou", "miouDrop", "speedup")
    tried = history.tried(newest=4)
    return [
        history.trials,
        history.running,
        {state: count for state, count in history.states.items() if count},
        [history.metrics[name] for name in names],
        (history.measured, history.without_curve),
        history.frontier,
        [history.free(count, end) for count in (0, 1, 3, 20)],
        [history.trained(newest) for newest in (1, 9)],
        (tried.newest, set(tried.keys)),
    ]


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(children, st.sampled_from("ab")), min_size=2, max_size=5))
def test_a_history_that_is_brought_up_to_date_equals_a_new_one(
    steps: list[tuple[dict[int, Any], str]],
) -> None:
    """Trials come, change, go, come in another order, and come again under their name with another uid."""
    memo, before = Memo(), tuple[Resource, ...]()
    for by_index, uid in steps:
        before = records(by_index, before, uid=uid)
        assert said(memo.history(TERMS, before)) == said(Memo().history(TERMS, before))


@settings(deadline=None)
@given(children, children)
def test_a_plan_does_not_depend_on_earlier_plans(one: dict[int, Any], other: dict[int, Any]) -> None:
    sweep, memo = make_sweep(spec_body(algorithm={"name": "Random"}, maxFailedTrials=20)), Memo()
    first = records(one)
    plan_sweep(sweep, SweepObserved(first, memo=memo), SETTINGS, NOW)
    second = records(other, first)
    again = plan_sweep(sweep, SweepObserved(second, memo=memo), SETTINGS, NOW)
    assert again == plan_sweep(sweep, SweepObserved(second), SETTINGS, NOW)


def test_only_what_has_changed_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def counted(owner: Any, record: Resource) -> Any:
        read.append(-1 if record.trial is None else record.trial.index)
        return trial_of(owner, record)

    monkeypatch.setattr(histories, "trial_of", counted)
    memo = Memo()
    before = tuple(child(index, P[0], RUNNING) for index in range(100))
    memo.history(TERMS, before)
    assert sorted(read) == [*range(100)]
    read.clear()
    changed = child(7, P[0], ended(miou=0.9, latency=9))
    after = (*before[:3], *before[4:7], changed, *before[8:], child(100, P[0]))
    assert memo.history(TERMS, after).states == {"Running": 99, "Succeeded": 1}
    assert read == [7, 100]


def test_other_terms_begin_anew() -> None:
    memo, both = Memo(), (child(0, P[0], ended(miou=0.9, latency=9, drop=0.05)),)
    assert memo.history(TERMS, both).frontier == [*KNOWN]
    free = sweep_spec()
    other = Terms(SWEEP, target_of(free), space_of(free.parameters))
    assert [each.index for each in memo.history(other, both).frontier] == [0]


def test_an_error_leaves_no_half_of_an_update(monkeypatch: pytest.MonkeyPatch) -> None:
    memo = Memo()
    memo.history(TERMS, (child(0, P[0], RUNNING),))

    def broken(*record: object) -> Any:
        raise ValueError(record)

    both = (child(0, P[0], RUNNING), child(1, P[1], RUNNING))
    with monkeypatch.context() as patched:
        patched.setattr(histories, "trial_of", broken)
        with pytest.raises(ValueError, match="Resource"):
            memo.history(TERMS, both)
    assert said(memo.history(TERMS, both)) == said(Memo().history(TERMS, both))


def test_jobs_that_are_no_trials_are_not_counted() -> None:
    """Anybody may write our labels and references onto a job of theirs."""
    foreign = parse_resource(child_body(3, P[3], RUNNING, name="mine"))
    elsewhere = parse_resource(child_body(1, P[1], RUNNING, uid="other", namespace="elsewhere"))
    history = Memo().history(TERMS, (foreign, elsewhere, child(1, P[1])))
    assert [each.index for each in history.trials] == [1]
    assert history.free(3, 10) == [0, 2, 3]


def test_the_lowest_free_indices_are_found_between_all_others() -> None:
    taken = [1, 2, 4, 7, 8]
    history = Memo().history(TERMS, tuple(child(index, P[0]) for index in taken))
    free = [index for index in range(12) if index not in taken]
    assert [history.free(count, 12) for count in range(9)] == [free[:count] for count in range(9)]
    assert history.free(3, 4) == [0, 3]
