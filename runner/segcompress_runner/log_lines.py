"""Progress as a pod's log tells it: one line now and then, never a flood.

    Compress step 120/160 75 % 2.1 it/s ETA 0:19 loss 0.012

`make demo` and `kubectl logs -f` show these lines as they are.
"""

import time
from collections.abc import Callable, Mapping

from segcompress_runner.progress import Meter, Stage, Standing

_PERIOD_S = 5.0


class LogLines:
    """Progress that prints lines: each stage's start and end, its steps every few seconds, every note."""

    def __init__(
        self,
        write: Callable[[str], None],
        *,
        period_s: float = _PERIOD_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._period_s = period_s
        self._clock = clock
        self._meter = Meter(clock)
        self._stage: Stage | None = None
        self._entered = self._told = clock()

    def start(self, stage: Stage, total: int = 0) -> None:
        """Say what the stage before took, and enter this one; the same stage again only gets its total."""
        if stage != self._stage:
            self.finish()
            self._write(f"{stage} started")
            self._stage, self._entered = stage, self._clock()
        self._meter.start(stage, total)
        self._told = self._clock()

    def step(self, done: int, **figures: float) -> None:
        """Print a line where the last is some seconds old."""
        self._meter.step(done)
        now, standing = self._clock(), self._meter.standing
        if self._stage is not None and standing is not None and now - self._told >= self._period_s:
            self._told = now
            self._write(step_line(standing, figures))

    def note(self, message: str) -> None:
        """Print the sentence."""
        self._write(f"{self._stage}: {message}" if self._stage else message)

    def finish(self) -> None:
        """Say what the last stage took."""
        if self._stage is not None:
            self._write(f"{self._stage} took {self._clock() - self._entered:.1f} s")
            self._stage = None


def step_line(at: Standing, figures: Mapping[str, float]) -> str:
    """Return one line: step, share, rate, time left, figures."""
    share = f"{at.done}/{at.total} {at.percent} %" if at.percent is not None else f"{at.done}"
    parts = [f"{at.stage} step {share}"]
    if at.rate > 0:
        parts.append(f"{at.rate:.1f} it/s" if at.rate < 100 else f"{at.rate:.0f} it/s")  # noqa: PLR2004 - a width
    if at.eta_s is not None:
        parts.append(f"ETA {clock_time(at.eta_s)}")
    parts += [f"{name} {value:.4g}" for name, value in figures.items()]
    return " ".join(parts)


def clock_time(seconds: float) -> str:
    """Return a duration as 0:19 or 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
