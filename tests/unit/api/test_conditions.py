"""Conditions, the phase derived from them, and figures."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from segcompress_api.conditions import (
    GATE_REASONS,
    MESSAGE_LIMIT,
    SUCCESS_REASONS,
    ConditionStatus,
    ConditionType,
    Reason,
    condition,
    is_finished,
    phase_of,
    set_condition,
    status_of,
)
from segcompress_api.status import Condition, JobStatus, figure, timestamp

THEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NOW = THEN + timedelta(hours=1)


def of(type_: ConditionType, status: ConditionStatus, reason: Reason = Reason.RUNNING) -> Condition:
    return condition(type_, status, reason, "because", THEN)


RECONCILING = ConditionType.RECONCILING


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param("True", THEN, id="same status keeps its time"),
        pytest.param("False", NOW, id="another status takes the new time"),
        pytest.param("Unknown", NOW, id="Unknown is another status"),
    ],
)
def test_a_condition_s_time_is_that_of_its_last_change(status: ConditionStatus, expected: datetime) -> None:
    new = condition(RECONCILING, status, Reason.RETRYING, "another pod", NOW)

    (found,) = set_condition([of(RECONCILING, "True")], new)

    assert found.last_transition_time == timestamp(expected)
    assert (found.status, found.reason, found.message) == (status, "Retrying", "another pod")


def test_setting_a_condition_keeps_the_others_and_their_order() -> None:
    before = [of(ConditionType.COMPLETE, "False"), of(RECONCILING, "True"), of(ConditionType.READY, "False")]

    after = set_condition(before, condition(RECONCILING, "False", Reason.SUCCEEDED, "", NOW))
    added = set_condition(after, of(ConditionType.STALLED, "False"))

    assert [c.type for c in after] == ["Complete", "Reconciling", "Ready"]
    assert (after[0], after[2]) == (before[0], before[2])
    assert [c.type for c in added] == ["Complete", "Reconciling", "Ready", "Stalled"]


def test_setting_a_condition_changes_nothing_in_place() -> None:
    before = (of(RECONCILING, "True"),)

    set_condition(before, condition(RECONCILING, "False", Reason.SUCCEEDED, "", NOW))

    assert before == (of(RECONCILING, "True"),)


def test_setting_the_same_condition_later_is_no_change() -> None:
    later = condition(RECONCILING, "True", Reason.RUNNING, "because", NOW)

    assert set_condition([of(RECONCILING, "True")], later) == (of(RECONCILING, "True"),)


def test_a_long_message_is_cut_to_what_people_read() -> None:
    message = condition(RECONCILING, "True", Reason.RUNNING, "x" * 40_000, NOW).message
    assert message == "x" * (MESSAGE_LIMIT - 1) + "…"


@pytest.mark.parametrize(
    ("conditions", "phase"),
    [
        pytest.param([], "Pending", id="no condition yet"),
        pytest.param([of(RECONCILING, "True", Reason.PENDING)], "Pending", id="waiting"),
        pytest.param([of(RECONCILING, "True", Reason.SECRET_NOT_FOUND)], "Pending", id="Secret missing"),
        pytest.param([of(RECONCILING, "True", Reason.IMAGE_PULL_FAILED)], "Pending", id="image not pulled"),
        pytest.param([of(RECONCILING, "True", Reason.UNSCHEDULABLE)], "Pending", id="no node"),
        pytest.param([of(RECONCILING, "True", Reason.QUOTA_EXCEEDED)], "Pending", id="quota"),
        pytest.param([of(RECONCILING, "True", Reason.QUEUED)], "Queued", id="held by a queue"),
        pytest.param([of(RECONCILING, "True", Reason.RUNNING)], "Running", id="running"),
        pytest.param([of(RECONCILING, "True", Reason.RETRYING)], "Running", id="retrying"),
        pytest.param([of(RECONCILING, "True", Reason.PREEMPTED)], "Running", id="preempted"),
        pytest.param([of(ConditionType.COMPLETE, "True", Reason.SUCCEEDED)], "Succeeded", id="succeeded"),
        pytest.param([of(ConditionType.COMPLETE, "True", Reason.REUSED)], "Succeeded", id="reused"),
        pytest.param([of(ConditionType.FAILED, "True", Reason.INVALID_SPEC)], "Failed", id="failed"),
        pytest.param([of(ConditionType.SUSPENDED, "True", Reason.PENDING)], "Suspended", id="suspended"),
        pytest.param(
            [
                of(ConditionType.COMPLETE, "False"),
                of(ConditionType.FAILED, "False"),
                of(ConditionType.SUSPENDED, "False"),
                of(RECONCILING, "True", Reason.RUNNING),
            ],
            "Running",
            id="False conditions say nothing",
        ),
        pytest.param(
            [of(RECONCILING, "False", Reason.RUNNING), of(ConditionType.FAILED, "True")],
            "Failed",
            id="an end outweighs the rest",
        ),
        pytest.param([of(ConditionType.COMPLETE, "Unknown")], "Pending", id="Unknown does not hold"),
    ],
)
def test_phase_is_derived_from_conditions(conditions: list[Condition], phase: str) -> None:
    assert phase_of(conditions) == phase


@pytest.mark.parametrize(
    ("conditions", "finished"),
    [
        pytest.param([], False, id="nothing set"),
        pytest.param([of(ConditionType.FINISHED, "False", Reason.NOT_FINISHED)], False, id="under way"),
        pytest.param([of(ConditionType.FINISHED, "Unknown", Reason.NOT_FINISHED)], False, id="unknown"),
        pytest.param([of(ConditionType.FINISHED, "True", Reason.SUCCEEDED)], True, id="finished"),
        pytest.param(
            [of(ConditionType.COMPLETE, "True", Reason.SUCCEEDED)], False, id="only Finished counts"
        ),
    ],
)
def test_is_finished(conditions: list[Condition], *, finished: bool) -> None:
    assert is_finished(conditions) is finished


def test_status_of_a_condition_that_is_not_set_is_none() -> None:
    assert status_of([of(RECONCILING, "Unknown")], RECONCILING) == "Unknown"
    assert status_of([of(RECONCILING, "True")], ConditionType.READY) is None


def test_reasons_are_camel_case_words_that_metav1_takes() -> None:
    assert all(reason.value.isalpha() and reason.value[0].isupper() for reason in Reason)
    assert not SUCCESS_REASONS & GATE_REASONS


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [
        pytest.param(0.9287, 4, "0.9287", id="as it is"),
        pytest.param(56.3631, 3, "56.363", id="rounded"),
        pytest.param(1.0, 4, "1.0000", id="places are filled"),
        pytest.param(0.1 + 0.2, 4, "0.3000", id="no tail of a float"),
        pytest.param(-0.0052, 4, "-0.0052", id="a gain is a negative drop"),
        pytest.param(-0.00001, 4, "0.0000", id="never a negative zero"),
        pytest.param(-0.0, 4, "0.0000", id="nor from a float's"),
        pytest.param(1e-8, 9, "0.000000010", id="never an exponent"),
        pytest.param(0.0, 9, "0.000000000", id="nor for zero"),
        pytest.param(12.0, 0, "12", id="no places"),
        pytest.param(1e11, 1, "100000000000.0", id="large"),
    ],
)
def test_figure_is_a_decimal_string_that_status_takes(value: float, places: int, expected: str) -> None:
    figures = {"miou": figure(value, places), "sizeBytes": 1}

    assert figures["miou"] == expected
    assert JobStatus.model_validate({"metrics": {"baseline": figures}}).metrics is not None


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(float("nan"), id="NaN"),
        pytest.param(float("inf"), id="infinite"),
        pytest.param(float("-inf"), id="minus infinite"),
        pytest.param(1e30, id="larger than any figure"),
    ],
)
def test_what_is_no_figure_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="is not a figure"):
        figure(value, 4)


def test_timestamp_is_utc_in_whole_seconds() -> None:
    moment = datetime(2026, 1, 2, 5, 4, 5, 999_999, tzinfo=timezone(timedelta(hours=2)))

    assert timestamp(moment) == "2026-01-02T03:04:05Z"
