"""Progress of a job or a sweep on stderr, so that a pipe gets only the results."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from segcompress.client import SegCompressionJob, SegCompressionSweep, outcome, seconds_left
from segcompress.client.kinds import Resource
from segcompress.client.outcomes import standing
from segcompress_api.errors import printable
from segcompress_api.progress import JobProgress
from segcompress_api.sweep_status import TrialCounts
from segcompress_runner.log_lines import clock_time


class Shown(Protocol):
    """Something that shows the progress of a job or sweep."""

    def show(self, resource: Resource) -> None:
        """Show it."""


@dataclass(frozen=True)
class Standing:
    """Progress: `steps` in words, and how many of `total` are done."""

    where: str
    done: int = 0
    total: int | None = None
    steps: Callable[[datetime], str] = lambda _: ""


def standing_of(resource: Resource) -> Standing:
    """Return the progress of a job in its stage, or of a sweep in its trials."""
    if isinstance(resource, SegCompressionSweep):
        trials, total = resource.status.trials or TrialCounts(), resource.spec.max_trials
        done = trials.succeeded + trials.failed + trials.stopped
        words = f"{done}/{total} trials, {trials.running} running"
        return Standing(where(resource), done, total, lambda _: words)
    at = resource.status.progress
    if at is None:
        return Standing(where(resource))
    return Standing(where(resource), at.step, at.total_steps, partial(steps, at))


@contextmanager
def shown_on(console: Console) -> Iterator[Shown]:
    """Return a progress bar in a terminal, and lines elsewhere."""
    if not console.is_interactive:  # a file, a pipe, or a terminal that cannot move its cursor
        yield Lines(console)
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=32), _Steps())
    with Progress(*columns, console=console) as progress:
        yield Bar(progress)


class Bar:
    """A progress bar with the state of the job or sweep."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None, standing=Standing(""))

    def show(self, resource: Resource) -> None:
        """Update the bar."""
        now, is_done = standing_of(resource), resource.status.phase == "Succeeded"
        self._progress.update(
            self._task,
            description=f"{resource.metadata.name}: {now.where}",
            total=1 if is_done else now.total or None,
            completed=1 if is_done else now.done,
            standing=now,
            refresh=True,
        )


class Lines:
    """A line for each new phase, reason or stage, and for every further 10 percent."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told: tuple[str, int] | None = None

    def show(self, resource: Resource) -> None:
        """Print a line if something changed."""
        at = standing_of(resource)
        now = (at.where, 10 * at.done // at.total if at.total else 0)
        if now == self._told:
            return
        self._told = now
        text = f"{resource.metadata.name}: {at.where} {at.steps(datetime.now(UTC))}".rstrip()
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class _Steps(ProgressColumn):
    """Steps, percent and time left; redrawn each second to count down."""

    max_refresh = 1.0

    def render(self, task: Task) -> Text:
        return Text(task.fields["standing"].steps(datetime.now(UTC)))


def where(resource: Resource) -> str:
    """Return where it stands: Running Compress, or Pending (SecretNotFound: …).

    How it ended is not said here: that is the command's last line.
    """
    phase = resource.status.phase
    if phase and outcome(resource):
        return phase
    at = resource.status.progress if isinstance(resource, SegCompressionJob) else None
    told = printable(standing(resource))
    return f"{told} {at.stage}" if at and phase == "Running" else told


def steps(at: JobProgress, now: datetime) -> str:
    """Return step, percent and time left of the stage: 3200/9000 36 % ETA 0:31:40."""
    parts = [f"{at.step}/{at.total_steps}" if at.total_steps else str(at.step)]
    if at.percent is not None:
        parts.append(f"{at.percent} %")
    left = seconds_left(at, now)
    if left is not None:
        parts.append(f"ETA {clock_time(left)}")
    return " ".join(parts)
