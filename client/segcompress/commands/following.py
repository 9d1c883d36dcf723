"""A job's progress on stderr, so that a pipe gets the results alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from segcompress.client import SegCompressionJob, outcome, seconds_left
from segcompress.client.outcomes import standing
from segcompress_api.progress import JobProgress
from segcompress_runner.log_lines import clock_time


class Shown(Protocol):
    """Something that shows the state of a job."""

    def show(self, job: SegCompressionJob) -> None:
        """Show it."""


@contextmanager
def shown_on(console: Console) -> Iterator[Shown]:
    """Give a bar where there is a terminal, and lines elsewhere."""
    if not console.is_terminal:
        yield Lines(console)
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=32), _Standing())
    with Progress(*columns, console=console) as progress:
        yield Bar(progress)


class Bar:
    """One bar: where the job stands; steps and percent of its stage, and the time that is left of it."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None, progress=None)

    def show(self, job: SegCompressionJob) -> None:
        """Move the bar."""
        at, is_done = job.status.progress, job.status.phase == "Succeeded"
        self._progress.update(
            self._task,
            description=f"{job.metadata.name}: {where(job)}",
            total=1 if is_done else (at and at.total_steps) or None,
            completed=1 if is_done else at.step if at else 0,
            progress=at,
            refresh=True,
        )


class Lines:
    """A line whenever the job has come to another phase, reason or stage, or another tenth of its stage."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told: tuple[str, int] | None = None

    def show(self, job: SegCompressionJob) -> None:
        """Print a line where there is something to tell."""
        at = job.status.progress
        now = (where(job), (at.percent or 0) // 10 if at else 0)
        if now == self._told:
            return
        self._told = now
        text = f"{job.metadata.name}: {where(job)} {steps(at, datetime.now(UTC))}".rstrip()
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class _Standing(ProgressColumn):
    """Steps, percent and time left; drawn anew each second, so that the time runs."""

    max_refresh = 1.0

    def render(self, task: Task) -> Text:
        return Text(steps(task.fields["progress"], datetime.now(UTC)))


def where(job: SegCompressionJob) -> str:
    """Return where a job stands: Running Compress, or Pending (SecretNotFound: …).

    How it ended is not said here: that is the command's last line.
    """
    at, phase = job.status.progress, job.status.phase
    if phase and outcome(job):
        return phase
    return f"{standing(job)} {at.stage}" if at and phase == "Running" else standing(job)


def steps(at: JobProgress | None, now: datetime) -> str:
    """Return step, percent and time left of the stage: 3200/9000 36 % ETA 0:31:40."""
    if at is None:
        return ""
    parts = [f"{at.step}/{at.total_steps}" if at.total_steps else str(at.step)]
    if at.percent is not None:
        parts.append(f"{at.percent} %")
    left = seconds_left(at, now)
    if left is not None:
        parts.append(f"ETA {clock_time(left)}")
    return " ".join(parts)
