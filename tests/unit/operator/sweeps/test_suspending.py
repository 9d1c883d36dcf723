"""Which trials are suspended or resumed now, and which wait since the API server refused it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from segcompress_api.trials import Trial
from segcompress_operator.planning.plan import FIRST_TRY_SECONDS, LAST_TRIAL_TRY_SECONDS, Refusal
from segcompress_operator.planning.sweeps.making import MORE_A_ROUND, TRIALS_A_ROUND
from segcompress_operator.planning.sweeps.suspending import suspending
from unit.operator.samples import NOW
from unit.operator.sweeps.sweep_samples import trial

MANY = 3 * TRIALS_A_ROUND


def trials(count: int, *, suspend: bool) -> list[Trial]:
    return [replace(trial(index, {}, "Running"), suspend=suspend) for index in range(count)]


def refused(*names: str, seconds_ago: float = 0.0, for_seconds: float = 0.0) -> dict[str, Refusal]:
    seen = NOW - timedelta(seconds=seconds_ago)
    since = seen - timedelta(seconds=for_seconds) if for_seconds else None
    return {name: Refusal("Trial", f"trial {name}: no", seen, since=since) for name in names}


@pytest.mark.parametrize(("suspend", "most"), [(True, TRIALS_A_ROUND), (False, MORE_A_ROUND)])
def test_those_that_differ_are_changed_so_many_a_round(*, suspend: bool, most: int) -> None:
    found = suspending(trials(MANY, suspend=not suspend), {}, NOW, suspend=suspend)
    assert [change.name for change in found.changes] == [f"widths-{index}" for index in range(most)]
    assert {change.suspend for change in found.changes} == {suspend}
    assert (found.words, found.again) == ("", None)
    assert suspending(trials(MANY, suspend=suspend), {}, NOW, suspend=suspend).changes == ()


def test_others_take_the_place_of_those_that_were_refused() -> None:
    names = [f"widths-{index}" for index in range(MORE_A_ROUND)]
    found = suspending(trials(MORE_A_ROUND + 2, suspend=True), refused(*names), NOW, suspend=False)
    assert [change.name for change in found.changes] == ["widths-16", "widths-17"]
    assert found.words == "16 trial(s) cannot be resumed: trial widths-0: no"
    assert found.again == FIRST_TRY_SECONDS


def test_those_that_were_not_refused_yet_come_before_those_that_were() -> None:
    """Otherwise the first ones would be tried again and again before the last ones are tried once."""
    long_ago = refused(*(f"widths-{index}" for index in range(MORE_A_ROUND)), seconds_ago=100.0)
    longer_ago = refused("widths-3", seconds_ago=101.0)
    found = suspending(trials(MORE_A_ROUND + 2, suspend=True), {**long_ago, **longer_ago}, NOW, suspend=False)
    names = [change.name for change in found.changes]
    assert (names[:4], len(names)) == (["widths-16", "widths-17", "widths-3", "widths-0"], MORE_A_ROUND)


def test_the_next_of_those_that_were_refused_is_waited_for() -> None:
    both = {**refused("widths-0", seconds_ago=1.0), **refused("widths-1", seconds_ago=5.0)}
    assert suspending(trials(2, suspend=True), both, NOW, suspend=False).again == FIRST_TRY_SECONDS - 5.0


def test_one_that_was_refused_for_long_is_tried_every_minute() -> None:
    found = suspending(trials(1, suspend=False), refused("widths-0", for_seconds=3600.0), NOW, suspend=True)
    assert (found.changes, found.again) == ((), LAST_TRIAL_TRY_SECONDS)
    assert found.words == "1 trial(s) cannot be suspended: trial widths-0: no"


def test_one_whose_time_has_come_is_tried_again_and_still_told() -> None:
    earlier = refused("widths-0", seconds_ago=FIRST_TRY_SECONDS)
    found = suspending(trials(1, suspend=True), earlier, NOW, suspend=False)
    assert [change.name for change in found.changes] == ["widths-0"]
    assert (found.words, found.again) == ("1 trial(s) cannot be resumed: trial widths-0: no", None)


def test_a_refusal_that_no_longer_matters_is_not_told() -> None:
    ended = [trial(0, {}), replace(trial(1, {}, "Running"), suspend=False)]
    found = suspending(ended, refused("widths-0", "widths-1"), NOW, suspend=False)
    assert (found.changes, found.words, found.again) == ((), "", None)
