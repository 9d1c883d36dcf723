"""How a run tells where it stands: stage, step, rate, ETA.

The pipeline and everything below it speak to `Progress`; whether a pod's log or a terminal listens is decided
at the edge (`__main__`, `cli`).
"""

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
