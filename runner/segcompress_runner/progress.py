"""How a run tells where it stands: stage, step, rate, ETA.

The pipeline and everything below it speak to `Progress`; whether a pod's log, the operator or a terminal
listens is decided at the edge (`__main__`, `cli`).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from segcompress_api.progress import Stage

__all__ = ["Both", "Meter", "Progress", "Silent", "Stage", "Standing", "Timed"]


class Progress(Protocol):
    """Listens to a run."""

    def start(self, stage: Stage, total: int = 0) -> None:
        """Enter a stage of `total` steps; 0 where the number is not known."""

    def step(self, done: int, **figures: float) -> None:
        """Report that `done` steps of the stage are done, with figures such as loss.

        `miou` is that of a model that could be the result: evaluations before the end of a ramp have none.
        """

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


@dataclass(frozen=True)
class Standing:
    """Where a run stands in a stage, `elapsed_s` seconds after the stage's first step began."""

    stage: Stage
    done: int = 0
    total: int = 0
    """Steps of the stage; 0 where the number is not known."""
    elapsed_s: float = 0.0

    @property
    def percent(self) -> int | None:
        """Whole percent of the steps that are done."""
        return 100 * self.done // self.total if self.total else None

    @property
    def rate(self) -> float:
        """Steps a second; 0 where none can be told yet."""
        return self.done / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def eta_s(self) -> float | None:
        """Seconds to the end of the stage at that rate."""
        return (self.total - self.done) / self.rate if self.total and self.rate > 0 else None


class Meter:
    """Keeps where a run stands, for whoever tells of it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self.standing: Standing | None = None

    def start(self, stage: Stage, total: int = 0) -> None:
        """Enter a stage, or the same one anew."""
        self._started = self._clock()
        self.standing = Standing(stage, total=total)

    def step(self, done: int) -> None:
        """Note the steps that are done."""
        before = self.standing
        if before is not None:
            self.standing = Standing(before.stage, done, before.total, self._clock() - self._started)


class Both:
    """Progress that two listen to."""

    def __init__(self, first: Progress, second: Progress) -> None:
        self._listeners = (first, second)

    def start(self, stage: Stage, total: int = 0) -> None:
        """Pass on."""
        for each in self._listeners:
            each.start(stage, total)

    def step(self, done: int, **figures: float) -> None:
        """Pass on."""
        for each in self._listeners:
            each.step(done, **figures)

    def note(self, message: str) -> None:
        """Pass on."""
        for each in self._listeners:
            each.note(message)


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
