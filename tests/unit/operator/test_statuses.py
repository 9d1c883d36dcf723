"""Status as a whole: foreign content survives, and only differences are written."""

import json
import re
from datetime import timedelta

import pytest

from segcompress_api.conditions import Reason
from segcompress_api.schema import job_crd
from segcompress_api.status import JobStatus
from segcompress_operator.planning.outcomes import Outcome, plain
from segcompress_operator.planning.progress import Progress
from segcompress_operator.planning.statuses import (
    current_reason,
    failed,
    in_progress,
    observed_again,
    parse_status,
    status_patch,
    succeeded,
)
from states import states
from unit.operator.samples import NOW

RUNNING = Progress(Reason.RUNNING, "at work")


def test_same_status_needs_no_patch() -> None:
    first = in_progress(JobStatus(), RUNNING, 1, NOW)
    text = json.dumps(first.to_wire()).encode()
    later = in_progress(parse_status(text), RUNNING, 1, NOW + timedelta(hours=1))
    assert status_patch(text, later) == {}


def test_patch_holds_only_what_differs() -> None:
    first = in_progress(JobStatus(), RUNNING, 1, NOW)
    text = json.dumps(first.to_wire()).encode()
    assert status_patch(text, first.model_copy(update={"job_name": "x"})) == {"jobName": "x"}


def test_transition_time_changes_with_the_status_alone() -> None:
    first = in_progress(JobStatus(), RUNNING, 1, NOW)
    waiting = Progress(Reason.PENDING, "waits")
    later = in_progress(first, waiting, 1, NOW + timedelta(hours=1))
    assert [c.last_transition_time for c in later.conditions] == [
        c.last_transition_time for c in first.conditions
    ]


def test_foreign_content_survives() -> None:
    theirs = {
        "type": "Audited",
        "status": "True",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
        "reason": "Ok",
        "observedGeneration": 1,
        "message": "",
    }
    text = json.dumps({"conditions": [theirs], "ofALaterVersion": 1}).encode()
    made = in_progress(parse_status(text), RUNNING, 1, NOW)
    patch = status_patch(text, made)
    assert patch["conditions"][0] == theirs
    assert "ofALaterVersion" not in patch


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="none"),
        pytest.param(b'{"phase": "Melting"}', id="unknown phase"),
        pytest.param(b'{"conditions": [{"type": "X"}], "attempts": {"failed": "many"}}', id="broken parts"),
    ],
)
def test_unreadable_status_counts_as_unset(text: bytes) -> None:
    assert parse_status(text) == JobStatus()


def test_readable_parts_of_a_broken_status_are_kept() -> None:
    assert parse_status(b'{"phase": "Melting", "jobName": "x"}').job_name == "x"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        pytest.param("a\x1b[31mb\x00c", "a [31mb c", id="control characters"),
        pytest.param("a\u202eb", "a b", id="text direction"),
        pytest.param("x" * 2000, "x" * 1023 + "…", id="cut"),
    ],
)
def test_hostile_text_is_plain(text: str, clean: str) -> None:
    assert plain(text) == clean


def messages(status: JobStatus) -> dict[str, str]:
    return {c.type: c.message for c in status.conditions}


def test_a_condition_says_something_only_where_it_tells_how_the_run_stands() -> None:
    silent = dict.fromkeys(
        ("Complete", "Failed", "Suspended", "Finished", "Accepted", "Ready", "Reconciling", "Stalled"), ""
    )
    going = in_progress(JobStatus(), RUNNING, 1, NOW)
    assert messages(going) == {**silent, "Ready": "at work", "Reconciling": "at work"}
    good = succeeded(going, Outcome(Reason.SUCCEEDED, "done"), 1, NOW)
    assert messages(good) == {**silent, "Complete": "done", "Finished": "done", "Ready": "done"}
    crashed = failed(going, Outcome(Reason.RUNNER_CRASHED, "why"), 1, NOW)
    said = {"Failed": "why", "Finished": "why", "Ready": "why", "Stalled": "why"}
    assert messages(crashed) == {**silent, **said}
    missed = failed(going, Outcome(Reason.ACCEPTANCE_NOT_MET, "why"), 1, NOW)
    assert messages(missed) == {**silent, **said, "Accepted": "why"}


def test_only_our_conditions_follow_the_generation() -> None:
    theirs = {"type": "Audited", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    text = json.dumps({"conditions": [{**theirs, "reason": "Ok", "observedGeneration": 1}]}).encode()
    made = observed_again(in_progress(parse_status(text), RUNNING, 1, NOW), 2)
    generations = {c.type: c.observed_generation for c in made.conditions}
    assert generations.pop("Audited") == 1
    assert set(generations.values()) == {2}


def test_a_status_without_conditions_gives_no_reason() -> None:
    assert current_reason(JobStatus()) == ("", "")
    assert current_reason(in_progress(JobStatus(), RUNNING, 1, NOW)) == ("Running", "at work")


def test_everything_is_written_where_there_was_no_status() -> None:
    assert status_patch(b"", JobStatus(job_name="x")) == JobStatus(job_name="x").to_wire()


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("secret-not-found", "SecretNotFound"),
        ("queued", "Queued"),
        ("running", "Running"),
        ("node-lost", "NodeLost"),
        ("stopping-early", "StoppedEarly"),
        ("suspended", "Suspended"),
        ("reused", "Reused"),
        ("gate-missed", "AcceptanceNotMet"),
    ],
)
def test_column_reason_says_why_a_run_stands_as_it_does(state: str, reason: str) -> None:
    (version,) = job_crd()["spec"]["versions"]
    (path,) = (each["jsonPath"] for each in version["additionalPrinterColumns"] if each["name"] == "Reason")
    found = re.fullmatch(r'\.status\.conditions\[\?\(@\.type=="(\w+)"\)\]\.reason', path)
    assert found
    conditions = states()[state]["status"]["conditions"]
    assert [each["reason"] for each in conditions if each["type"] == found[1]] == [reason]
