"""The trials of a sweep, and what a round asks of all of them.

A sweep of 10,000 trials changes by a few between two rounds. What the trials say as a whole is therefore not
computed anew from all of them, but brought up to date with those that changed. The result is the same:
a History is a function of the children, and so is all that is read from it.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from segcompress_api.space import Space
from segcompress_api.trials import Rated, Target, Trial, TrialState, pareto_set, rated
from segcompress_operator.planning.observed import Resource
from segcompress_operator.planning.sweeps.early import MEASURED
from segcompress_operator.planning.sweeps.search import Tried
from segcompress_operator.planning.sweeps.trials import index_of, trial_of
from segcompress_operator.resources.names import Owner


@dataclass(frozen=True, slots=True)
class Terms:
    """What trials are counted, rated and compared by; target and space are None if the spec is invalid."""

    owner: Owner
    target: Target | None
    space: Space | None
    known: tuple[Trial, ...] = ()
    """Finished jobs that match `knownTrials`, whatever created them."""


class Memo:
    """Keeps the history of one sweep, so that the next round need only read what has changed."""

    def __init__(self) -> None:
        self._history: History | None = None

    def history(self, terms: Terms, children: Sequence[Resource]) -> "History":
        """Return the history of these children; one that was returned before is brought up to date."""
        history, self._history = self._history, None  # an error on the way must not leave half of an update
        if history is None or history.terms != terms:
            history = History(terms)
        history.update(children)
        self._history = history
        return history


class History:
    """The trials of a sweep in the order of their index, and what they say as a whole."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.trials: list[Trial] = []
        self.states: Counter[TrialState] = Counter()
        self.metrics: Counter[str] = Counter()
        """How many of the measured trials have each metric."""
        self.without_curve = 0
        """How many of the measured trials reported no evaluation."""
        self._children: tuple[Resource, ...] = ()
        self._trial_of: dict[str, Trial] = {}
        self._running: dict[int, Trial] = {}
        self._points: Counter[tuple[str, ...]] = Counter()
        self._frontier = _Frontier(terms)
        for trial in terms.known:
            self._count_point(trial, 1)

    def update(self, children: Sequence[Resource]) -> None:
        """Take in the children as they are now."""
        now = tuple(children)
        went, came = _differences(self._children, now)
        for uid in went.keys() - came.keys():
            self._replace(self._trial_of.pop(uid, None), None)
        for uid, child in came.items():
            old, new = self._trial_of.pop(uid, None), trial_of(self.terms.owner, child)
            if new is not None:
                self._trial_of[uid] = new
            if old != new:
                self._replace(old, new)
        self._children = now

    @property
    def running(self) -> list[Trial]:
        """Return the trials that have not ended, in the order of their index."""
        return sorted(self._running.values(), key=index_of)

    @property
    def measured(self) -> int:
        """Return how many trials ended with metrics, whether or not they passed every gate."""
        return sum(self.states[state] for state in MEASURED)

    @property
    def frontier(self) -> list[Trial]:
        """Return the trials worth shipping, best first."""
        return self._frontier.of(self.trials)

    def free(self, count: int, end: int) -> list[int]:
        """Return the `count` lowest free indices below `end`, or fewer if there are fewer."""

        def free_below(position: int) -> int:
            return self.trials[position].index - position

        positions = range(len(self.trials))
        indices = (number + bisect_right(positions, number, key=free_below) for number in range(count))
        return [index for index in indices if index < end]

    def trained(self, newest: int) -> list[Trial]:
        """Return the trials with evaluations: all that run, and so many of the newest that have ended."""
        ended = (trial for trial in reversed(self.trials) if trial.ended and trial.curve)
        return [*reversed([*islice(ended, newest)]), *self.running]

    def tried(self, newest: int) -> Tried:
        """Return all points that were tried, and so many of the newest trials, known ones first."""
        known = self.terms.known[-newest:] if len(self.trials) < newest else ()
        return Tried([*known, *self.trials[-newest:]][-newest:], self._points.keys())

    def _replace(self, old: Trial | None, new: Trial | None) -> None:
        """Count one trial instead of another."""
        if old is not None:
            self._count(old, -1)
            del self.trials[bisect_left(self.trials, old.index, key=index_of)]
            self._running.pop(old.index, None)
            self._frontier.discard(old)
        if new is not None:
            self._count(new, 1)
            self.trials.insert(bisect_left(self.trials, new.index, key=index_of), new)
            if not new.ended:
                self._running[new.index] = new
            self._frontier.add(new)

    def _count(self, trial: Trial, by: int) -> None:
        self.states[trial.state] += by
        self._count_point(trial, by)
        if trial.state in MEASURED:
            self.without_curve += by * (not trial.curve)
            self.metrics.update(dict.fromkeys(trial.figures, by))

    def _count_point(self, trial: Trial, by: int) -> None:
        if self.terms.space is None:
            return
        key = self.terms.space.key(trial.point)
        self._points[key] += by
        if not self._points[key]:
            del self._points[key]


class _Frontier:
    """The Pareto set of trials that come one by one; without a target there is none.

    Whatever is dominated once stays so: only what is on the frontier is compared with what comes.
    """

    def __init__(self, terms: Terms) -> None:
        self._target = terms.target
        self._known = terms.known
        self._rated: list[Rated] = []
        self._came: list[Rated] = []
        self._is_whole = not terms.known

    def add(self, trial: Trial) -> None:
        """Take in a trial."""
        found = self._rate(trial)
        self._came += [] if found is None else [found]

    def discard(self, trial: Trial) -> None:
        """Forget a trial: those that it dominated may be on the frontier."""
        self._is_whole = self._is_whole and self._rate(trial) is None

    def of(self, trials: Sequence[Trial]) -> list[Trial]:
        """Return the frontier; `trials` are all that were taken in and not forgotten."""
        if not self._is_whole:
            every = map(self._rate, (*self._known, *trials))
            self._rated, self._came = [], [each for each in every if each is not None]
            self._is_whole = True
        if self._came:
            self._rated, self._came = pareto_set([*self._rated, *self._came]), []
        return [trial for _, _, trial in self._rated]

    def _rate(self, trial: Trial) -> Rated | None:
        return None if self._target is None else rated(trial, self._target)


def _differences(
    old: Sequence[Resource], new: Sequence[Resource]
) -> tuple[dict[str, Resource], dict[str, Resource]]:
    """Return the records of `old` that are not in `new`, and those of `new` that are not in `old`, by uid.

    A record is never changed, but replaced, mostly at its position.
    """
    moved = [(one, other) for one, other in zip(old, new, strict=False) if one is not other]
    went = {one.uid: one for one in (*(one for one, _ in moved), *old[len(new) :])}
    came = {other.uid: other for other in (*(other for _, other in moved), *new[len(old) :])}
    same = [uid for uid, other in came.items() if went.get(uid) is other]
    for uid in same:
        del went[uid], came[uid]
    return went, dict(sorted(came.items(), key=_by_index))


def _by_index(item: tuple[str, Resource]) -> int:
    mark = item[1].trial
    return -1 if mark is None else mark.index
