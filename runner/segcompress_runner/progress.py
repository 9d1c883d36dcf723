"""How a run tells where it stands: stage, step, rate, ETA.

The pipeline and everything below it speak to `Progress`; whether a pod's log or a terminal listens is decided
at the edge (`__main__`, `cli`).
"""

import time
from enum import StrEnum
from typing import Protocol


class Stage(StrEnum):
    """The stages of a run, in their order."""

    FETCH = "Fetch"
    VALIDATE = "Validate"
    BASELINE = "Baseline"
    COMPRESS = "Compress"
    EVALUATE = "Evaluate"
    EXPORT = "Export"
    BENCHMARK = "Benchmark"
    PUBLISH = "Publish"


class Progress(Protocol):
    """Listens to a run."""

    def start(self, stage: Stage, total: int = 0) -> None:
        """Enter a stage of `total` steps; 0 where the number is not known."""

    def step(self, done: int, **figures: float) -> None:
        """Report that `done` steps of the stage are behind, with figures such as loss or miou."""

    def note(self, message: str) -> None:
        """Report one sentence, such as an evaluation's result."""


class Silent:
    """Progress that nobody listens to."""

    def start(self, stage: Stage, total: int = 0) -> None:
        """Do nothing."""

    def step(self, done: int, **figures: float) -> None:
        """Do nothing."""

    def note(self, message: str) -> None:
        """Do nothing."""


class Timed:
    """Progress that keeps the seconds that each stage took, for the report."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._stage: Stage | None = None
        self._since = time.monotonic()
        self._seconds: dict[str, float] = {}

    def start(self, stage: Stage, total: int = 0) -> None:
        """Pass on; what is entered twice counts as one."""
        self._close()
        self._stage = stage
        self._progress.start(stage, total)

    def step(self, done: int, **figures: float) -> None:
        """Pass on."""
        self._progress.step(done, **figures)

    def note(self, message: str) -> None:
        """Pass on."""
        self._progress.note(message)

    def seconds(self) -> dict[str, float]:
        """Return the seconds of each stage so far."""
        self._close()
        return {stage: round(spent, 3) for stage, spent in self._seconds.items()}

    def _close(self) -> None:
        now = time.monotonic()
        if self._stage is not None:
            self._seconds[self._stage] = self._seconds.get(self._stage, 0.0) + now - self._since
        self._since = now
