"""How many pods of a run ended without a result, and which start of a run is the next."""

from typing import Any

import pytest

from segcompress_api.status import Attempts
from segcompress_operator.planning.plan import Observed, Refusal
from unit.operator.planned import RUNNING, failure, plan, reconciling, status_of
from unit.operator.samples import (
    DISRUPTED,
    JOB,
    NOW,
    at,
    complete_job,
    ended_pod,
    make_job,
    running_pod,
    spec_with,
)


def attempts(*pods: Any, failed: int = 0, status: dict[str, Any] = RUNNING) -> Attempts:
    job = make_job(status={"failed": failed})
    found = status_of(plan(Observed(jobs=(job,), pods=(*pods, running_pod("last"))), status=status)).attempts
    assert found is not None
    return found


def test_pods_that_crashed_are_counted_and_others_are_not() -> None:
    crashed, stopped = ended_pod(1, name="a"), ended_pod(5, name="b")
    assert attempts(crashed).failed == 1
    assert attempts(crashed, ended_pod(2, name="c")).failed == 2
    assert (attempts(crashed, stopped).failed, attempts(crashed, stopped).preempted) == (1, 1)
    assert attempts(ended_pod(0, name="d")).failed == 0
    assert attempts().to_wire() == {"failed": 0, "preempted": 0}


def test_the_job_counts_pods_that_are_gone() -> None:
    assert attempts(failed=3).failed == 3
    assert attempts(ended_pod(1), failed=3).failed == 3
    assert attempts(ended_pod(1, name="a"), ended_pod(1, name="b"), failed=1).failed == 2


def test_job_made_again_goes_on_counting() -> None:
    counted = {**RUNNING, "start": 1, "jobName": JOB, "attempts": {"failed": 2, "preempted": 0}}
    made = plan(Observed(), status=counted).create
    assert made is not None
    again = make_job(annotations=made["metadata"]["annotations"], status={"failed": 1})
    observed = Observed(jobs=(again,), pods=(ended_pod(1, name="a"), running_pod("b")))
    attempts = status_of(plan(observed, status=counted)).attempts
    assert attempts == Attempts(failed=3)
    third = plan(Observed(), status={**counted, "attempts": {"failed": 3}}).create
    assert third is not None
    assert third["metadata"]["annotations"] == {"segcompress.dev/failed-before": "3"}


@pytest.mark.parametrize("annotation", ["many", "", "-3"])
def test_what_others_write_into_the_annotation_lowers_no_count(annotation: str) -> None:
    job = make_job(annotations={"segcompress.dev/failed-before": annotation}, status={"failed": 1})
    counted = {**RUNNING, "jobName": JOB, "attempts": {"failed": 1, "preempted": 0}}
    observed = Observed(jobs=(job,), pods=(running_pod("b"),))
    assert status_of(plan(observed, status=counted)).attempts == Attempts(failed=1)


def test_next_start_begins_at_nothing() -> None:
    counted = {**RUNNING, "start": 2, "jobName": JOB, "attempts": {"failed": 2, "preempted": 0}}
    made = plan(Observed(), status=counted).create
    assert made is not None
    assert "annotations" not in made["metadata"]


def test_one_more_start_counts_anew() -> None:
    job = make_job(status={"failed": 2, "conditions": [{"type": "Complete", "status": "True"}]})
    known = {**RUNNING, "jobName": JOB, "attempts": {"failed": 2, "preempted": 1, "preemptedUntil": at(-9)}}
    made = plan(Observed(jobs=(job,), asked=True), status=known)
    assert reconciling(made) == (
        "Retrying",
        f"the result of Job {JOB} could not be read; one more pod looks for what it published",
    )
    assert status_of(made).attempts == Attempts(preempted_until=at(-9))
    assert (status_of(made).start, status_of(made).job_name) == (2, f"{JOB[:-1]}2")


@pytest.mark.parametrize(
    ("changes", "observed", "reason"),
    [
        pytest.param({"spec": spec_with(seed=-1)}, {}, "InvalidSpec", id="spec that became invalid"),
        pytest.param({}, {"conflict": JOB}, "NameConflict", id="a foreign Job"),
        pytest.param(
            {}, {"refusal": Refusal("Job", "no", NOW, final=True)}, "InvalidSpec", id="refused for good"
        ),
        pytest.param(
            {"spec": spec_with(activeDeadlineSeconds=5)},
            {"refusal": Refusal("Job", "not now", NOW)},
            "DeadlineExceeded",
            id="refused until the deadline",
        ),
    ],
)
def test_a_second_start_that_fails_keeps_what_is_known_of_the_first(
    changes: dict[str, Any], observed: dict[str, Any], reason: str
) -> None:
    made = plan(Observed(jobs=(complete_job(),), asked=True, **observed), **changes)
    assert failure(made)[0] == reason
    assert status_of(made).job_name == JOB
    assert status_of(made).start_time == complete_job().started.strftime("%Y-%m-%dT%H:%M:%SZ")  # type: ignore[union-attr]


@pytest.mark.parametrize(("known", "start"), [(None, "1"), (1, "1"), (2, "2"), (31, "31")])
def test_a_job_that_vanished_is_made_again_as_the_same_start(known: int | None, start: str) -> None:
    made = plan(Observed(), status={"start": known} if known else {})
    assert made.create is not None
    assert made.create["metadata"]["labels"]["segcompress.dev/start"] == start
    assert made.create["metadata"]["name"] == JOB[:-1] + start


def test_a_pod_that_ended_well_is_no_attempt_even_if_disrupted() -> None:
    done = ended_pod(0, "unreadable", conditions=DISRUPTED)
    made = plan(Observed(jobs=(complete_job(),), pods=(done,), asked=True), status=RUNNING)
    assert status_of(made).attempts == Attempts()
