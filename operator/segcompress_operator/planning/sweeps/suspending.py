"""Which trials are to be suspended or resumed now, and which wait because the API server refused it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from segcompress_api.trials import Trial
from segcompress_operator.planning.outcomes import plain
from segcompress_operator.planning.parsing import EPOCH
from segcompress_operator.planning.plan import Refusal
from segcompress_operator.planning.sweeps.making import MORE_A_ROUND, TRIALS_A_ROUND


@dataclass(frozen=True, slots=True)
class SuspendChange:
    """A trial's new spec.suspend."""

    name: str
    suspend: bool


@dataclass(frozen=True, slots=True)
class Suspending:
    """What is to be changed now, and what was refused and is to be tried again."""

    changes: tuple[SuspendChange, ...]
    words: str
    """How many changes were refused, and why the first one was; "" if none was."""
    again: float | None
    """In how many seconds the next of these is to be tried, None if none was refused."""


def suspending(
    trials: Iterable[Trial], refused: Mapping[str, Refusal], now: datetime, *, suspend: bool
) -> Suspending:
    """Return what to do about trials that have not ended and whose `suspend` is another.

    `refused` are by the name of the trial. What is suspended frees its GPUs at once; what is resumed begins
    as new trials do. A refusal holds back no other trial: those that were not refused yet come first, then
    those that wait longest for another try.
    """
    others = [trial.name for trial in trials if not trial.ended and trial.suspend != suspend]
    next_tries = {name: _next_try(refused[name]) for name in others if name in refused}
    due = [name for name in others if name not in next_tries or next_tries[name] <= now]
    due.sort(key=lambda name: next_tries.get(name, EPOCH))
    waiting = [moment for moment in next_tries.values() if moment > now]
    changes = tuple(
        SuspendChange(name, suspend) for name in due[: TRIALS_A_ROUND if suspend else MORE_A_ROUND]
    )
    words = ""
    if next_tries:
        first = plain(refused[next(iter(next_tries))].message)
        words = f"{len(next_tries)} trial(s) cannot be {'suspended' if suspend else 'resumed'}: {first}"
    return Suspending(changes, words, (min(waiting) - now).total_seconds() if waiting else None)


def _next_try(refusal: Refusal) -> datetime:
    return refusal.next_try(refusal.since or refusal.seen)
