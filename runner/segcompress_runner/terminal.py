"""Progress and results as a person at a terminal sees them. Imports rich; a pod does not come here."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table

from segcompress_api.contract import RunResult
from segcompress_runner.log_lines import LogLines
from segcompress_runner.outputs import table
from segcompress_runner.progress import Progress, Stage


class ProgressBars:
    """One bar a stage. Bars go to stderr, so that a pipe gets the results alone."""

    def __init__(self, console: Console) -> None:
        self._bars = Bars(
            TextColumn("{task.description:<10}"),
            BarColumn(bar_width=32),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
            console=console,
        )
        self._stage: Stage | None = None
        self._task: TaskID | None = None
        self._bars.start()

    def start(self, stage: Stage, total: int = 0) -> None:
        """Begin a bar, or the stage's own anew."""
        if stage != self._stage or self._task is None:
            self._close()
            self._stage, self._task = stage, self._bars.add_task(stage, total=total or None, figures="")
        else:
            self._bars.reset(self._task, total=total or None, figures="")

    def step(self, done: int, **figures: float) -> None:
        """Move the bar."""
        if self._task is not None:
            text = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
            self._bars.update(self._task, completed=done, figures=text)

    def note(self, message: str) -> None:
        """Print a sentence above the bars."""
        self._bars.console.print(message, style="dim", markup=False, highlight=False)

    def finish(self) -> None:
        """Leave the bars as they are."""
        self._bars.stop()

    def _close(self) -> None:
        if self._task is None:
            return
        task = next(task for task in self._bars.tasks if task.id == self._task)
        self._bars.update(self._task, total=task.total or 1, completed=task.total or 1)
        self._task = None


def progress_for(console: Console) -> tuple[Progress, ProgressBars | LogLines]:
    """Return bars for a terminal and plain lines for anything else, each also as what must be finished."""
    if console.is_terminal:
        bars = ProgressBars(console)
        return bars, bars
    lines = LogLines(lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True))
    return lines, lines


def print_result(console: Console, result: RunResult) -> None:
    """Print the table, what must be known beside it, and where everything lies."""
    if result.metrics is not None:
        shown = Table()
        for index, name in enumerate(table.HEADER):
            shown.add_column(name, justify="right" if index else "left", overflow="fold", no_wrap=index == 0)
        for row in table.rows(result.metrics):
            shown.add_row(*row)
        console.print(shown)
        print_plain(console, table.caption(result.metrics))
    for note in result.notes:
        print_plain(console, f"note: {note}")
    if result.artifacts is not None:
        if result.artifacts.model is not None:
            print_plain(console, f"model:    {result.artifacts.model.uri}")
        print_plain(console, f"manifest: {result.artifacts.manifest.uri}")


def print_plain(console: Console, text: str) -> None:
    """Print a line as it is: no markup, no colours, not wrapped."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)
