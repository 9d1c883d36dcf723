"""Status as a whole: foreign content survives, and only differences are written."""

import json
from datetime import timedelta

import pytest

from segcompress_api.conditions import Reason
from segcompress_api.status import JobStatus
from segcompress_operator.planning.outcomes import plain
from segcompress_operator.planning.progress import Progress
from segcompress_operator.planning.statuses import in_progress, parse_status, status_patch
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
