"""Progress in a terminal, and in a log."""

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from segcompress.client import sweep_over
from segcompress.commands.following import shown_on, standing_of, steps, where
from segcompress_api.job import SegCompressionJob
from segcompress_api.progress import JobProgress
from segcompress_api.sweep_status import SweepStatus, TrialCounts
from unit.client.jobs import at_step, job_in

UPDATED = datetime(2026, 11, 1, 12, tzinfo=UTC)
SWEEP = sweep_over(job_in("new"), {"seed": [1, 2, 3, 4]}, {"compressed.miou": "Maximize"}, max_trials=4)
WAY = [
    job_in("new"),
    job_in("secret-not-found"),
    job_in("running", progress=at_step(40)),
    job_in("running", progress=at_step(41)),
    job_in("running", progress=at_step(52, eta=None)),
    job_in("succeeded"),
]


def shown(*, terminal: bool, interactive: bool | None = None) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, force_interactive=interactive, width=120)
    with shown_on(console) as progress:
        for job in WAY:
            progress.show(job)
    text = console.file
    assert isinstance(text, io.StringIO)
    return text.getvalue()


def test_log_has_a_line_for_each_step_of_the_way() -> None:
    lines = shown(terminal=False).splitlines()
    assert [line.split(" ETA")[0] for line in lines] == [
        "demo: Pending",
        'demo: Pending (SecretNotFound: pod demo-pod: secret "object-store" not found)',
        "demo: Running Compress 40/100 40 %",
        "demo: Running Compress 52/100 52 %",
        "demo: Succeeded",
    ]


def test_terminal_has_a_bar() -> None:
    text = shown(terminal=True)
    assert "demo: Running Compress" in text
    assert "━" in text
    assert "52/100 52 %" in text


def test_terminal_that_cannot_move_its_cursor_has_lines() -> None:
    assert shown(terminal=True, interactive=False) == shown(terminal=False)


def test_control_characters_of_a_message_reach_no_terminal() -> None:
    job = job_in("secret-not-found")
    hostile = [
        each.model_copy(update={"message": "a\x1b]0;b\x07\nerror: c"}) if each.type == "Reconciling" else each
        for each in job.status.conditions
    ]
    status = job.status.model_copy(update={"conditions": tuple(hostile)})
    assert where(job.model_copy(update={"status": status})) == "Pending (SecretNotFound: a ]0;b  error: c)"


def test_sweep_is_as_far_as_its_trials() -> None:
    counts = TrialCounts(total=4, running=1, succeeded=1, failed=1, stopped=1)
    sweep = SWEEP.model_copy(update={"status": SweepStatus(phase="Running", trials=counts)})
    at = standing_of(sweep)
    assert (at.where, at.done, at.total, at.steps(UPDATED)) == ("Running", 3, 4, "3/4 trials, 1 running")


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        pytest.param(at_step(40), "40/100 40 % ETA 1:00", id="all known"),
        pytest.param(at_step(40, total=None, eta=None), "40", id="nothing known"),
        pytest.param(at_step(99, eta=3700), "99/100 99 % ETA 1:01:40", id="hours"),
    ],
)
def test_steps_show_what_is_known(progress: dict[str, object], words: str) -> None:
    assert steps(JobProgress.model_validate(progress), UPDATED) == words


@pytest.mark.parametrize(
    ("job", "words"),
    [
        pytest.param(job_in("running", progress=at_step(1)), "Running Compress", id="running"),
        pytest.param(job_in("gate-missed", progress=at_step(1)), "Failed", id="over"),
        pytest.param(job_in("suspended", progress=at_step(1)), "Suspended", id="no stage while suspended"),
    ],
)
def test_stage_stands_beside_the_phase(job: SegCompressionJob, words: str) -> None:
    assert where(job) == words
